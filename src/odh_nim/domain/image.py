"""References to images and models: `nvcr.io/nim/meta/llama:1.8`, `meta/llama:1.8`."""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

from odh_nim.domain.errors import InputError, printable
from odh_nim.domain.names import REGISTRY

# Grammar of the OCI distribution specification, "Pulling manifests".
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}")
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?"
)
_MAX_REPOSITORY: Final = 255


@dataclass(frozen=True)
class ImageReference:
    """A full image reference; `str()` gives what a container's `image` holds.

    A tag is kept byte for byte: `1.3` and `1.3.0` are two tags.
    """

    repository: str
    tag: str | None = None
    digest: str | None = None
    registry: str = REGISTRY

    def __post_init__(self) -> None:
        """Check every part.

        Raises:
            InputError: A part breaks the grammar of OCI references.

        """
        if not _HOST.fullmatch(self.registry):
            raise InputError(f"{printable(self.registry)!r} is no registry host.")
        if not _REPOSITORY.fullmatch(self.repository) or len(self.repository) > _MAX_REPOSITORY:
            raise InputError(f"{printable(self.repository)!r} is no image repository.")
        if self.tag is not None and not _TAG.fullmatch(self.tag):
            raise InputError(f"{printable(self.tag)!r} is no image tag.")
        if self.digest is not None and not _DIGEST.fullmatch(self.digest):
            raise InputError(f"{printable(self.digest)!r} is no sha256 digest.")
        if self.tag is None and self.digest is None:
            raise InputError(f"{printable(self.repository)!r} names neither a tag nor a digest.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `registry/repository[:tag][@digest]`; a first part without dot or port is no host.

        Raises:
            InputError: The text is no image reference.

        """
        rest, _, digest = text.partition("@")
        head, slash, tail = rest.partition("/")
        has_host = bool(slash) and ("." in head or ":" in head or head == "localhost")
        path = tail if has_host else rest
        # A colon after the last slash is the tag's.
        repository, tag = path, None
        if ":" in path.rsplit("/", 1)[-1]:
            repository, _, tag = path.rpartition(":")
        return cls(repository, tag, digest or None, head if has_host else REGISTRY)

    @property
    def name(self) -> str:
        """The last part of the repository: the model's image name."""
        return self.repository.rsplit("/", 1)[-1]

    def pinned(self, digest: str) -> Self:
        """Name the same image by digest, with the tag kept for readers."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


@dataclass(frozen=True)
class ModelReference:
    """A model as a person names it: `llama-3.1-8b-instruct`, `meta/llama-3.1-8b-instruct:1.8.5`.

    `team` is None where only the image name was given.
    """

    name: str
    team: str | None = None
    tag: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[nvcr.io/][nim/][team/]name[:tag]`.

        Raises:
            InputError: The text is no model reference.

        """
        path = text.strip().removeprefix(f"{REGISTRY}/").removeprefix("nim/")
        path, colon, tag = path.partition(":")
        parts = path.split("/")
        if len(parts) > 2 or not all(parts) or (colon and not tag):  # noqa: PLR2004 - team/name
            raise InputError(
                f"{printable(text)!r} is no model.",
                remedy="Write MODEL[:TAG] or TEAM/MODEL[:TAG], as `odh-nim models list` shows.",
            )
        if colon and not _TAG.fullmatch(tag):
            raise InputError(f"{printable(tag)!r} is no image tag.")
        team = parts[0] if len(parts) > 1 else None
        return cls(parts[-1], team, tag or None)

    def __str__(self) -> str:
        team = f"{self.team}/" if self.team else ""
        return f"{team}{self.name}" + (f":{self.tag}" if self.tag else "")


def is_tag(text: str) -> bool:
    """Say whether a text can be the tag of an image."""
    return _TAG.fullmatch(text) is not None


def tag_major(tag: str) -> int | None:
    """Read the major version of a tag; None for a moving or unversioned tag (`latest`)."""
    match = re.match(r"v?([0-9]{1,9})(?:[.\-+_]|$)", tag)
    return int(match.group(1)) if match else None
