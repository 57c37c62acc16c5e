"""Finds deployments of the old integration: InferenceService → runtime → ServingRuntime."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import ForbiddenError, KindNotServedError
from odh_nim.domain.manifest import Manifest, annotations, labels
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.identity import copy_digest, is_generation_3_key
from odh_nim.upgrade.ports import ReadingCluster
from odh_nim.upgrade.references import Uses, Wanted

_SIGNS: Final = frozenset(names.RESERVED_ENV)


class Held(StrEnum):
    """Whose key `nvidia-nim-secrets` of a project holds, by its shape."""

    NOTHING = "nothing"
    # The old dashboard's copy: one field, no mark.
    COPY = "copy"
    # The project's own, in the new shape: ours, or what the newer dashboard stored.
    OWN = "own"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class OldDeployment:
    """One NIM deployment; without a runtime of its own `why_not` says why it is left alone."""

    name: str
    namespace: str
    service: Manifest = field(repr=False)
    runtime: Manifest | None = field(default=None, repr=False)
    nim_service: Manifest | None = field(default=None, repr=False)
    why_not: str = ""
    shared_with: tuple[str, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether it is stopped, and must stay so."""
        return annotations(self.service).get(names.STOP) == "true"

    @property
    def wanted_pods(self) -> int:
        """How many pods it runs at least."""
        least = _predictor(self.service).get("minReplicas")
        return least if isinstance(least, int) and least > 0 else 1

    @property
    def scales_to_zero(self) -> bool:
        """Whether it may run no pod: older dashboards stopped a model this way."""
        return _predictor(self.service).get("minReplicas") == 0

    def parts(self) -> Iterator[tuple[ApiResource, Manifest]]:
        """Give the objects whose references may be changed."""
        if self.nim_service is not None:
            yield kinds.NIM_SERVICES, self.nim_service
        elif not self.why_not:
            if self.runtime is not None:
                yield kinds.SERVING_RUNTIMES, self.runtime
            yield kinds.INFERENCE_SERVICES, self.service


@dataclass(frozen=True)
class OldProject:
    """A project: its NIM deployments, and what its Secret holds."""

    namespace: str
    deployments: tuple[OldDeployment, ...]
    held: Held
    key_secret: Manifest | None = field(default=None, repr=False)
    pull_secret: Manifest | None = field(default=None, repr=False)
    old_pulls: frozenset[str] = frozenset()


async def find_projects(cluster: ReadingCluster, namespace: str | None) -> list[OldProject]:
    """Find the NIM deployments of one project, or of all."""
    services, runtimes, shared, operated, accounts = await asyncio.gather(
        _list(cluster, kinds.INFERENCE_SERVICES, namespace),
        _list(cluster, kinds.SERVING_RUNTIMES, namespace),
        _may_list(cluster, kinds.CLUSTER_SERVING_RUNTIMES, None),
        _may_list(cluster, kinds.NIM_SERVICES, namespace),
        _may_list(cluster, kinds.ACCOUNTS, namespace),
    )
    keys, pulls = await asyncio.gather(
        cluster.list(kinds.SECRETS, namespace, field_selector=_named(names.KEY_SECRET)),
        cluster.list(kinds.SECRETS, namespace, field_selector=_named(names.PULL_SECRET)),
    )
    found: dict[str, list[OldDeployment]] = {}
    for service in services:
        deployment = _deployment(service, runtimes, shared, operated, services)
        if deployment is None:
            deployment = _bystander(service, runtimes, keys)
        if deployment is not None:
            found.setdefault(deployment.namespace, []).append(deployment)
    return [_project(space, tuple(found[space]), keys, pulls, accounts) for space in sorted(found)]


def _named(name: str) -> str:
    return f"metadata.name={name}"


async def _list(
    cluster: ReadingCluster, resource: ApiResource, namespace: str | None
) -> list[Manifest]:
    try:
        return await cluster.list(resource, namespace)
    except KindNotServedError:
        return []


async def _may_list(
    cluster: ReadingCluster, resource: ApiResource, namespace: str | None
) -> list[Manifest]:
    """List what a project's editor often may not: it only tells why something is left alone."""
    try:
        return await _list(cluster, resource, namespace)
    except ForbiddenError:
        return []


def _project(
    namespace: str,
    deployments: tuple[OldDeployment, ...],
    keys: Sequence[Manifest],
    pulls: Sequence[Manifest],
    accounts: Sequence[Manifest],
) -> OldProject:
    key, pull = _in(keys, namespace), _in(pulls, namespace)
    of_accounts = {
        old.child_name(account["metadata"]["name"], "Secret")
        for account in accounts
        if account["metadata"]["namespace"] == namespace
    }
    fixed = {old.PROJECT_PULL, old.child_name(old.ACCOUNT_NAME, "Secret")}
    return OldProject(namespace, deployments, _held(key), key, pull, frozenset(of_accounts | fixed))


def _in(secrets: Sequence[Manifest], namespace: str) -> Manifest | None:
    return next((one for one in secrets if one["metadata"]["namespace"] == namespace), None)


def _held(secret: Manifest | None) -> Held:
    if secret is None:
        return Held.NOTHING
    if is_ours(secret) or is_generation_3_key(secret):
        return Held.OWN
    return Held.COPY if copy_digest(secret) is not None else Held.FOREIGN


def is_ours(secret: Manifest) -> bool:
    """Say whether a Secret carries both our labels."""
    found = labels(secret)
    return all(found.get(label) == text for label, text in names.SECRET_LABELS.items())


def _deployment(
    service: Manifest,
    runtimes: Sequence[Manifest],
    shared: Sequence[Manifest],
    operated: Sequence[Manifest],
    services: Sequence[Manifest],
) -> OldDeployment | None:
    metadata = service["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    if owner := _operator(service):
        of_operator = next((one for one in operated if _place(one) == (namespace, owner)), None)
        why = (
            ""
            if of_operator
            else "it belongs to a NIMService that is not there, or may not be read"
        )
        return OldDeployment(name, namespace, service, nim_service=of_operator, why_not=why)
    wanted = _runtime_name(service)
    for runtime in runtimes:
        if _place(runtime) == (namespace, wanted) and is_nim(runtime):
            return OldDeployment(
                name, namespace, service, runtime, shared_with=_others(service, services)
            )
    for runtime in shared:
        if runtime["metadata"]["name"] == wanted and is_nim(runtime):
            why = f"its ClusterServingRuntime {wanted} is shared by all projects"
            return OldDeployment(name, namespace, service, why_not=why)
    # A predictor that somebody wrote without a runtime.
    own = _predictor(service).get("containers") or []
    return OldDeployment(name, namespace, service) if _have_signs(own) else None


def _bystander(
    service: Manifest, runtimes: Sequence[Manifest], keys: Sequence[Manifest]
) -> OldDeployment | None:
    """Name a model that is no NIM, or cannot be told, and names an old Secret all the same."""
    metadata, wanted = service["metadata"], _runtime_name(service)
    here = [one for one in runtimes if _place(one) == (metadata["namespace"], wanted)]
    old_names = {old.PROJECT_PULL, old.child_name(old.ACCOUNT_NAME, "Secret")}
    if _held(_in(keys, metadata["namespace"])) is not Held.OWN:
        old_names.add(names.KEY_SECRET)
    uses = Uses()
    for item in (service, *here):
        uses.add(item, Wanted(frozenset(old_names)))
    named = [name for name in sorted(old_names) if uses.of_secret(metadata["namespace"], name)]
    if not named:
        return None
    kind = "it is no NIM" if here or not wanted else f"its ServingRuntime {wanted} is not there"
    why = f"{kind}, but it names {' and '.join(named)}: change that by hand"
    return OldDeployment(metadata["name"], metadata["namespace"], service, why_not=why)


def _others(service: Manifest, services: Sequence[Manifest]) -> tuple[str, ...]:
    metadata, wanted = service["metadata"], _runtime_name(service)
    return tuple(
        one["metadata"]["name"]
        for one in services
        if one["metadata"]["namespace"] == metadata["namespace"]
        and one["metadata"]["name"] != metadata["name"]
        and _runtime_name(one) == wanted
    )


def _place(item: Manifest) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _runtime_name(service: Manifest) -> str:
    return str((_predictor(service).get("model") or {}).get("runtime") or "")


def _predictor(service: Manifest) -> dict[str, Any]:
    predictor: dict[str, Any] = (service.get("spec") or {}).get("predictor") or {}
    return predictor


def _operator(service: Manifest) -> str | None:
    for owner in service["metadata"].get("ownerReferences") or []:
        group = str(owner.get("apiVersion"))
        if owner.get("kind") == names.NIM_SERVICE_KIND and group.startswith(
            names.NIM_SERVICE_GROUP
        ):
            return str(owner.get("name"))
    return None


def is_nim(runtime: Manifest) -> bool:
    """Say whether a runtime serves a NIM: the annotation, or an image with a NIM's environment.

    Runtimes that were made before the annotation existed have the environment only.
    """
    if annotations(runtime).get(names.NIM_RUNTIME) == "true":
        return True
    return _have_signs(_containers(runtime))


def _have_signs(containers: Iterable[dict[str, Any]]) -> bool:
    return any(
        container.get("image") and _SIGNS & {one.get("name") for one in container.get("env") or []}
        for container in containers
    )


def _containers(runtime: Manifest) -> Iterator[dict[str, Any]]:
    spec = runtime.get("spec") or {}
    worker = spec.get("workerSpec") or {}
    for part in (spec, worker):
        yield from part.get("containers") or []
        yield from part.get("initContainers") or []
