"""Removes old tags from a mirror, in two phases: a list to review, then exactly that list.

Registries delete manifests by digest, and with a digest go all its tags. So a digest that any
wanted tag uses, itself or inside its index, is never on the list and never deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from odh_nim.airgap.oci import is_digest
from odh_nim.airgap.plan import Plan
from odh_nim.domain.errors import InputError, printable
from odh_nim.manifests.yaml import dump_yaml, load_yaml

VERSION: Final = 1
GARBAGE: Final = (
    "The registry frees no room by itself: run its garbage collection (for distribution, "
    "`registry garbage-collect`)."
)
_HEADER: Final = (
    "# Made by `odh-nim airgap prune`: remove what is to stay, then run it again with --list.\n"
)


class PrunedStore(Protocol):
    """What pruning needs of a registry."""

    def tags(self, repository: str) -> list[str]:
        """List the tags of a repository."""

    def digest_of(self, repository: str, reference: str) -> str | None:
        """Give the digest of a tag."""

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Delete a manifest with all its tags."""


class Removal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One manifest to delete, with every tag that goes with it."""

    repository: str
    digest: str
    tags: tuple[str, ...]


class _List(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    registry: str
    removals: tuple[Removal, ...]


@dataclass(frozen=True)
class PruneResult:
    """What was deleted, and what was not and why."""

    deleted: tuple[Removal, ...]
    kept: tuple[tuple[Removal, str], ...]


def plan_prune(
    registry: PrunedStore,
    wanted: Sequence[Plan],
    old: Sequence[Plan] = (),
    *,
    prefix: str = "",
) -> list[Removal]:
    """List what no wanted plan names, in the repositories of all plans given."""
    head = f"{prefix}/" if prefix else ""
    repositories = {head + image.repository for plan in (*wanted, *old) for image in plan.images}
    removals: list[Removal] = []
    for repository in sorted(repositories):
        keep = _wanted_tags(wanted, repository, head)
        digests = _digests(registry, repository)
        used = _wanted_digests(wanted, repository, head)
        used |= {digest for tag, digest in digests.items() if tag in keep}
        by_digest: dict[str, list[str]] = {}
        for tag, digest in digests.items():
            if digest not in used:
                by_digest.setdefault(digest, []).append(tag)
        removals += [
            Removal(repository, digest, tuple(sorted(tags)))
            for digest, tags in sorted(by_digest.items())
        ]
    return removals


def prune(
    registry: PrunedStore,
    removals: Iterable[Removal],
    wanted: Sequence[Plan],
    *,
    prefix: str = "",
) -> PruneResult:
    """Delete a reviewed list; what has changed since, or is wanted, stays."""
    head = f"{prefix}/" if prefix else ""
    deleted: list[Removal] = []
    kept: list[tuple[Removal, str]] = []
    for removal in removals:
        digests = _digests(registry, removal.repository)
        now = sorted(tag for tag, digest in digests.items() if digest == removal.digest)
        wanted_here = _wanted_tags(wanted, removal.repository, head)
        if removal.digest in _wanted_digests(wanted, removal.repository, head) or (
            wanted_here & set(now)
        ):
            kept.append((removal, "a wanted tag uses it"))
        elif set(now) - set(removal.tags):
            others = ", ".join(sorted(set(now) - set(removal.tags)))
            kept.append((removal, f"tags that are not on the list use it: {others}"))
        elif registry.delete_manifest(removal.repository, removal.digest):
            deleted.append(removal)
        else:
            kept.append((removal, "it was gone already"))
    return PruneResult(tuple(deleted), tuple(kept))


def render_list(registry: str, removals: Sequence[Removal]) -> str:
    """Write the list for review."""
    document: dict[str, Any] = {
        "version": VERSION,
        "registry": registry,
        "removals": [
            {"repository": each.repository, "digest": each.digest, "tags": list(each.tags)}
            for each in removals
        ],
    }
    return _HEADER + dump_yaml(document)


def read_list(path: Path, registry: str) -> tuple[Removal, ...]:
    """Read a reviewed list.

    Raises:
        InputError: It is none, or for another registry.

    """
    try:
        found = msgspec.convert(load_yaml(path.read_text(encoding="utf-8")), _List)
    except (OSError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{path} is no list to prune: {printable(str(error))}.") from None
    if found.version != VERSION or any(not is_digest(each.digest) for each in found.removals):
        raise InputError(f"{path} is no list to prune.")
    if found.registry != registry:
        raise InputError(f"{path} is for {printable(found.registry)}, not for {registry}.")
    return found.removals


def _digests(registry: PrunedStore, repository: str) -> dict[str, str]:
    found = {tag: registry.digest_of(repository, tag) for tag in registry.tags(repository)}
    return {tag: digest for tag, digest in found.items() if digest}


def _wanted_tags(plans: Iterable[Plan], repository: str, head: str) -> set[str]:
    return {
        image.target
        for plan in plans
        for image in plan.images
        if head + image.repository == repository
    }


def _wanted_digests(plans: Iterable[Plan], repository: str, head: str) -> set[str]:
    return {
        manifest.digest
        for plan in plans
        for image in plan.images
        if head + image.repository == repository
        for manifest in (*image.children, image.manifest)
    }
