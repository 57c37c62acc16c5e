"""Questions about the caller and the cluster: rights, names, what is served."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from odh_nim.cluster.call import Call
from odh_nim.cluster.identity import Identity, current_identity
from odh_nim.cluster.requester import Requester
from odh_nim.domain.errors import NotFoundError, UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

# Types come and go with operators; a long-lived server notices after this time.
_KNOWN_FOR: Final = 60.0
# What stands in Kubernetes' sources where a release has its number.
_NO_VERSION: Final = "$Format"
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


class Rights:
    """Rights in projects: questions that are asked at the same time share one review.

    The API server lists what its rules give a caller in a project. Such a list may be incomplete
    (an authorizer that cannot list its rules), so only a yes is taken from it; whatever it does not
    give is asked for by itself. Nothing is remembered longer than the review takes.
    """

    def __init__(self) -> None:
        self._asked: dict[tuple[Identity | None, str], asyncio.Task[Sequence[Manifest]]] = {}

    async def can_i(
        self, requester: Requester, verb: str, resource: ApiResource, namespace: str
    ) -> bool:
        """Answer for one verb in a project."""
        rules = await self._rules(requester, namespace)
        if any(_gives(rule, verb, resource) for rule in rules):
            return True
        return await can_i(requester, verb, resource, namespace, name=None, subresource=None)

    async def _rules(self, requester: Requester, namespace: str) -> Sequence[Manifest]:
        key = (current_identity(), namespace)
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(_read_rules(requester, namespace))
            self._asked[key] = task
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        # Whoever gives up waiting does not take the answer away from the others.
        return await asyncio.shield(task)


async def _read_rules(requester: Requester, namespace: str) -> Sequence[Manifest]:
    spec = {"namespace": namespace}
    kind, operation = "SelfSubjectRulesReview", "ask about rights"
    status = await _review(requester, "authorization.k8s.io", kind, spec, operation)
    rules: list[Manifest] = status.get("resourceRules") or []
    return rules


def _gives(rule: dict[str, Any], verb: str, resource: ApiResource) -> bool:
    """Say whether a rule gives a verb on every object of a type."""
    wanted = {"verbs": verb, "apiGroups": resource.group, "resources": resource.plural}
    return not rule.get("resourceNames") and all(
        {"*", value} & set(rule.get(field) or ()) for field, value in wanted.items()
    )


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
    """Ask for the version, as `v1.36.3`.

    A server that was built without its version, as from a Go module, still knows which it is like.
    """
    answer = await requester.object(Call("ask for the version", "GET", "/version"))
    version = str(answer.get("gitVersion", ""))
    if _NO_VERSION in version:
        return f"v{answer.get('major', '')}.{answer.get('minor', '')}"
    return version


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
