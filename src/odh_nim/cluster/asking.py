"""Questions about the caller and the cluster: rights, names, what is served."""

from typing import Final

import msgspec

from odh_nim.cluster.call import Call
from odh_nim.cluster.requester import Requester
from odh_nim.domain.errors import NotFoundError, UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

# Types come and go with operators; a long-lived server notices after this time.
_KNOWN_FOR: Final = 60.0
_encode: Final = msgspec.json.Encoder().encode


async def can_i(
    requester: Requester,
    verb: str,
    resource: ApiResource,
    namespace: str | None,
    *,
    name: str | None,
    subresource: str | None,
) -> bool:
    """Ask the API server whether the caller may do something."""
    asked = {
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "resource": resource.plural,
        "namespace": namespace if resource.namespaced else None,
        "name": name,
        "subresource": subresource,
    }
    attributes = {key: value for key, value in asked.items() if value is not None}
    kind, spec = "SelfSubjectAccessReview", {"resourceAttributes": attributes}
    status = await _review(requester, "authorization.k8s.io", kind, spec, "ask about rights")
    return status.get("allowed") is True


async def who_am_i(requester: Requester) -> str:
    """Ask the API server for the caller's name."""
    kind = "SelfSubjectReview"
    status = await _review(requester, "authentication.k8s.io", kind, None, "ask who is logged in")
    return str((status.get("userInfo") or {}).get("username", ""))


async def _review(
    requester: Requester, group: str, kind: str, spec: Manifest | None, operation: str
) -> Manifest:
    review: Manifest = {"apiVersion": f"{group}/v1", "kind": kind}
    if spec is not None:
        review["spec"] = spec
    call = Call(operation, "POST", f"/apis/{group}/v1/{kind.lower()}s", body=_encode(review))
    status = (await requester.object(call)).get("status")
    if not isinstance(status, dict):
        raise UnreachableError(operation, "the answer has no status.")
    return status


async def server_version(requester: Requester) -> str:
    """Ask for the version, as `v1.36.3`."""
    answer = await requester.object(Call("ask for the version", "GET", "/version"))
    return str(answer.get("gitVersion", ""))


class Discovery:
    """What the cluster serves; the same for every caller, so asked once a minute at most."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def serves(self, requester: Requester, resource: ApiResource) -> bool:
        """Whether a type is served, in this very version."""
        base = f"/apis/{resource.group}" if resource.group else "/api"
        found = await self._names(requester, f"{base}/{resource.version}", "resources", "name")
        return resource.plural in found

    async def versions(self, requester: Requester, group: str) -> tuple[str, ...]:
        """Give the versions of a group, the preferred one first."""
        if not group:
            answer = await requester.object(Call("list the API versions", "GET", "/api"))
            return tuple(str(version) for version in answer.get("versions") or [])
        return await self._names(requester, f"/apis/{group}", "versions", "version")

    async def _names(
        self, requester: Requester, path: str, field: str, key: str
    ) -> tuple[str, ...]:
        now = requester.pacing.now()
        known = self._known.get(path)
        if known is not None and now - known[0] < _KNOWN_FOR:
            return known[1]
        try:
            answer = await requester.object(Call("ask what is served", "GET", path))
        except NotFoundError:
            answer = {}
        names = tuple(str(entry[key]) for entry in answer.get(field) or [] if key in entry)
        self._known[path] = (now, names)
        return names
