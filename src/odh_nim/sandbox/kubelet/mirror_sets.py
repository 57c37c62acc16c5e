"""OpenShift's mirror sets as a node follows them, so that an air gap can be played to its end.

A mirror on this machine is really asked, over plain HTTP and with the cluster's own pull secret,
never with a project's. One elsewhere is taken to have everything: the sandbox reaches no network.
"""

import asyncio
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import InputError, KindNotServedError, NotFoundError, RegistryError
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    IMAGE_DIGEST_MIRROR_SETS,
    IMAGE_TAG_MIRROR_SETS,
    SECRETS,
    ApiResource,
)
from odh_nim.registry import Distribution, Endpoint, Login, Patience
from odh_nim.registry.endpoint import is_loopback
from odh_nim.sandbox.kubelet.cluster import KubeletCluster
from odh_nim.sandbox.kubelet.pull import docker_logins

_FIELDS: Final = {
    IMAGE_DIGEST_MIRROR_SETS: "imageDigestMirrors",
    IMAGE_TAG_MIRROR_SETS: "imageTagMirrors",
}
# A kubelet asks again soon, and says so.
_PATIENCE: Final = Patience(first=2.0, lasting=2.0, tries=2, stall=2.0, connect=1.0)


@dataclass(frozen=True)
class Rule:
    """One entry of a mirror set."""

    source: str
    mirrors: tuple[str, ...]
    blocks_source: bool = False

    def covers(self, image: str) -> bool:
        """Whether an image is below the source."""
        rest = image.removeprefix(self.source)
        return rest != image and rest[:1] in ("/", ":", "@")


@dataclass(frozen=True)
class Places:
    """Where an image is looked for, in this order; then at its source, unless that is blocked."""

    mirrors: tuple[str, ...] = ()
    blocks_source: bool = False


class MirrorRegistry(Protocol):
    """Answers whether a mirror has an image."""

    async def has(self, image: str, pull_secret: Manifest | None) -> bool:
        """Ask with the logins of the cluster's own pull secret."""
        ...


def places_of(image: str, rules: dict[ApiResource, list[Rule]]) -> Places:
    """Find the mirrors of an image: tags by tag sets, digests by digest sets.

    The most exact source counts. One that is blocked is so for tags and digests alike.
    """
    kind = IMAGE_DIGEST_MIRROR_SETS if "@" in image else IMAGE_TAG_MIRROR_SETS
    fits = [rule for rule in rules.get(kind, []) if rule.covers(image)]
    best = max(fits, key=lambda rule: len(rule.source), default=None)
    blocked = any(
        rule.blocks_source and rule.covers(image) for each in rules.values() for rule in each
    )
    if best is None:
        return Places((), blocked)
    below = image.removeprefix(best.source)
    return Places(tuple(f"{mirror}{below}" for mirror in best.mirrors), blocked)


def rules_of(sets: Iterable[Manifest], field: str) -> Iterator[Rule]:
    """Read the entries of mirror sets."""
    for item in sets:
        entries: Sequence[dict[str, Any]] = item.get("spec", {}).get(field) or []
        for entry in entries:
            policy = entry.get("mirrorSourcePolicy")
            mirrors = tuple(entry.get("mirrors") or ())
            yield Rule(entry["source"], mirrors, policy == "NeverContactSource")


@dataclass(frozen=True)
class MirrorSets:
    """Follows the mirror sets of a cluster."""

    cluster: KubeletCluster
    registry: MirrorRegistry

    async def has(self, image: str) -> bool | None:
        """Whether a mirror has an image; None where its source is to be asked."""
        places = places_of(image, await self._rules())
        if places.mirrors:
            secret = await self._pull_secret()
            for mirrored in places.mirrors:
                if await self.registry.has(mirrored, secret):
                    return True
        return False if places.blocks_source else None

    async def _rules(self) -> dict[ApiResource, list[Rule]]:
        found: dict[ApiResource, list[Rule]] = {}
        for kind, field in _FIELDS.items():
            try:
                found[kind] = list(rules_of(await self.cluster.list(kind), field))
            except KindNotServedError:
                # Plain Kubernetes.
                return {}
        return found

    async def _pull_secret(self) -> Manifest | None:
        place = names.GLOBAL_PULL_SECRET_NAMESPACE
        try:
            return await self.cluster.get(SECRETS, names.GLOBAL_PULL_SECRET, place)
        except NotFoundError:
            return None


class LoopbackMirrors:
    """Asks mirrors on this machine; others are taken to have the image."""

    async def has(self, image: str, pull_secret: Manifest | None) -> bool:
        """Ask a mirror for a manifest."""
        try:
            reference = ImageReference.parse(image)
        except InputError:
            return False
        host = reference.registry
        if not is_loopback(host.partition(":")[0]):
            return True
        login = _login(pull_secret, host)
        return await asyncio.to_thread(_has_manifest, reference, login)


def _login(pull_secret: Manifest | None, host: str) -> Login | None:
    for entry in docker_logins(pull_secret or {}, host):
        try:
            user, _, password = b64decode(str(entry.get("auth") or "")).decode().partition(":")
        except ValueError:
            continue
        if user:
            return Login(user, password)
    return None


def _has_manifest(reference: ImageReference, login: Login | None) -> bool:
    registry = Distribution(
        Endpoint(reference.registry, plain=True),
        lambda _host, _repository: login,
        environ={},
        patience=_PATIENCE,
    )
    try:
        name = reference.digest or reference.tag or ""
        return registry.digest_of(reference.repository, name) is not None
    except RegistryError:
        return False
    finally:
        registry.close()
