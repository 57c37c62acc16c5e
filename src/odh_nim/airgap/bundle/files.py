"""Files of a bundle: where what stands, and writing that a power cut cannot tear."""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from odh_nim.domain.errors import BundleError, DiskError, InputError, printable
from odh_nim.domain.image import ImageReference

BUNDLE_JSON: Final = "bundle.json"
PLAN_YAML: Final = "plan.yaml"
SUMS: Final = "SHA256SUMS"
OCI: Final = "oci"
BLOBS: Final = "oci/blobs/sha256"
MODELS: Final = "models"
VOLUMES: Final = "volumes"
RESOURCES: Final = "resources"
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, order=True)
class Item:
    """Something large in a bundle: a blob, or a file of weights, by its path below the bundle."""

    name: str
    size: int


def blob_item(digest: str, size: int) -> Item:
    """Name a blob; the digest was checked when the plan was read."""
    return Item(f"{BLOBS}/{digest.removeprefix('sha256:')}", size)


def safe_path(text: str) -> str:
    """Check a path from outside: relative, without `..`, without odd characters.

    Raises:
        BundleError: It could lead out of the folder that it is joined to.

    """
    path = PurePosixPath(text)
    if (
        not text
        or path.is_absolute()
        or ".." in path.parts
        or str(path) != text
        or not text.isprintable()
        or "\\" in text
    ):
        raise BundleError(f"{printable(text)!r} is no path inside a bundle.")
    return text


def safe_repositories(places: Iterable[str], where: str) -> None:
    """Check names of repositories from outside: they become paths at a registry.

    Raises:
        BundleError: One breaks the grammar.

    """
    for place in places:
        try:
            ImageReference(place, "x")
        except InputError as error:
            raise BundleError(f"{where} cannot be used: {error.message}") from None


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file that the disk does not take.

    Raises:
        DiskError: The disk is full or read-only, or the right is missing.

    """
    try:
        yield
    except OSError as error:
        named = str(error.filename or path)
        # A draft's name says nothing to anybody.
        place = str(path) if named.endswith(".draft") else named
        raise DiskError(place, error.strerror or str(error)) from None


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file that a medium does not give back.

    Raises:
        BundleError: It cannot be read.

    """
    try:
        yield
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}.") from None


def write_file(path: Path, content: bytes) -> None:
    """Replace a file, whole or not at all, also over a power cut.

    Raises:
        DiskError: It cannot be written.

    """
    with writing(path):
        _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two threads may write the same manifest, of two tags, at once.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.draft")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some network file systems cannot; the data itself is safe.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def to_json(document: Any) -> bytes:
    """Write JSON that is the same for the same content."""
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def hash_file(path: Path) -> str:
    """Give the sha256 of a file in hex."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            hashed.update(piece)
    return hashed.hexdigest()
