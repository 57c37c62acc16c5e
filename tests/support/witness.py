"""Looks at a project before and after, and says what is half-made, harmed or leaked."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from odh_nim.cluster import Client
from odh_nim.domain import resources
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest, annotations, describe
from odh_nim.domain.names import REQUEST_ID
from odh_nim.domain.resources import ApiResource
from support.leaks import leaks

KINDS: tuple[ApiResource, ...] = (
    resources.SECRETS,
    resources.PERSISTENT_VOLUME_CLAIMS,
    resources.SERVING_RUNTIMES,
    resources.INFERENCE_SERVICES,
    resources.SERVICE_ACCOUNTS,
    resources.ROLES,
    resources.ROLE_BINDINGS,
)
# Looked through for the key only.
_OTHERS = (
    resources.CONFIG_MAPS,
    resources.EVENTS,
    resources.PODS,
    resources.DEPLOYMENTS,
    resources.SERVICES,
)


@dataclass(frozen=True)
class Snapshot:
    """What a project holds, by `Kind/name`."""

    objects: dict[str, Manifest] = field(repr=False)

    def of_request(self, request_id: str) -> set[str]:
        """Name what a request made and nobody has deleted."""
        return {
            name
            for name in self.all_of_request(request_id)
            if "deletionTimestamp" not in self.objects[name]["metadata"]
        }

    def all_of_request(self, request_id: str) -> set[str]:
        """Name what a request made, also what is only waiting for its end."""
        return {
            name
            for name, found in self.objects.items()
            if annotations(found).get(REQUEST_ID) == request_id
        }

    def of_others(self) -> dict[str, str]:
        """Objects that no request made, with the version they are in."""
        return {
            name: found["metadata"]["resourceVersion"]
            for name, found in self.objects.items()
            if REQUEST_ID not in annotations(found)
        }


async def look(admin: Client, namespace: str, kinds: Sequence[ApiResource] = KINDS) -> Snapshot:
    lists = await asyncio.gather(*(admin.list(kind, namespace) for kind in kinds))
    return Snapshot({describe(found): found for items in lists for found in items})


def half_states(
    before: Snapshot,
    after: Snapshot,
    *,
    request_id: str,
    whole: set[str],
    listed: set[str],
    in_doubt: bool = False,
) -> list[str]:
    """Say what is wrong after a request: a part of it is there that nobody was told of, something
    that was named is not there, or an object of somebody else is gone or changed.
    """
    there = after.of_request(request_id)
    found = [] if there in (set(), whole) else [f"half-made: {name}" for name in there - listed]
    # With one fault the answer is exact; where the server stays away a write may be in doubt.
    found += [] if in_doubt else [f"listed but gone: {name}" for name in listed - there]
    theirs = before.of_others()
    now = {name: found["metadata"]["resourceVersion"] for name, found in after.objects.items()}
    found += [
        f"not ours, but {'gone' if name not in now else 'changed'}: {name}"
        for name, version in theirs.items()
        if now.get(name) != version
    ]
    return found


async def key_places(admin: Client, namespace: str, key: str) -> set[str]:
    """Name every object of a project that holds the key in any form."""
    found = await look(admin, namespace, (*KINDS, *_OTHERS))
    return {name for name, item in found.objects.items() if leaks(json.dumps(item), key)}


async def clear(admin: Client, snapshot: Snapshot, request_id: str) -> None:
    """Remove what a request made, so that the next scenario begins with the same project."""
    for name in snapshot.of_request(request_id):
        found = snapshot.objects[name]["metadata"]
        with contextlib.suppress(NotFoundError):
            resource = resources.resource_of(snapshot.objects[name])
            await admin.delete(resource, found["name"], found["namespace"])
