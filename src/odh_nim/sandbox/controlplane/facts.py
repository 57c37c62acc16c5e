"""What a sandbox is and what was loaded into it: remembered beside its data."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from odh_nim.domain.errors import SandboxError
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.layout import Layout, write_private
from odh_nim.sandbox.seed import Variant

_HASH_LENGTH: Final = 16


class Facts(msgspec.Struct, frozen=True):
    """The variant, the ports of the last run, and the digest of each stage that was loaded."""

    variant: Variant
    ports: dict[str, int] = {}
    loaded: dict[str, str] = {}

    def save(self, layout: Layout) -> None:
        """Write the facts down."""
        write_private(layout.facts_file, msgspec.json.encode(self))


def read_facts(layout: Layout) -> Facts | None:
    """Read the facts; None where nothing was loaded yet.

    Raises:
        SandboxError: The file cannot be read.

    """
    try:
        return msgspec.json.decode(layout.facts_file.read_bytes(), type=Facts)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise SandboxError(
            f"{layout.facts_file} cannot be read: {error}.",
            remedy="`odh-nim sandbox reset` makes a fresh sandbox.",
        ) from error


def digest_of(manifests: Iterable[Manifest]) -> str:
    """Hash manifests: two lists with the same content have the same digest."""
    text = json.dumps(list(manifests), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def digest_of_files(files: Iterable[Path]) -> str:
    """Hash the content of files, without the effort of understanding it."""
    content = hashlib.sha256()
    for file in files:
        content.update(file.read_bytes())
    return content.hexdigest()[:_HASH_LENGTH]
