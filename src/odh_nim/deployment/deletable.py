"""Reads everything that may belong to a deployment, for its deletion."""

import asyncio
from dataclasses import dataclass

import msgspec

from odh_nim.deployment.build_view import claim_of, is_nim
from odh_nim.deployment.checks.claim import RuntimeVolumes
from odh_nim.deployment.identity import request_of
from odh_nim.deployment.listing import ReadCluster
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.structs import AnyObject, PodUse
from odh_nim.deployment.structs_serving import Runtime, Service
from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, KindNotServedError, NotFoundError
from odh_nim.domain.manifest import Manifest, labels
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    INGRESSES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVING_RUNTIMES,
    ApiResource,
)

_ACCOUNT = "kubernetes.io/service-account.name"


@dataclass(frozen=True)
class Found:
    """Everything that may belong to a deployment."""

    name: str
    namespace: str
    service: Manifest | None
    runtime: Manifest | None
    # Objects for access and own key Secrets, newest first.
    others: list[Manifest]
    unseen: list[str]
    services: list[Service]
    runtimes: list[RuntimeVolumes]
    pods: list[PodUse]

    @property
    def typed_runtime(self) -> Runtime | None:
        """The runtime as far as it is read here."""
        return msgspec.convert(self.runtime, Runtime) if self.runtime else None

    @property
    def is_bare(self) -> bool:
        """Whether neither an InferenceService nor a runtime is there (any more)."""
        return self.service is None and self.runtime is None

    @property
    def is_deployment(self) -> bool:
        """Whether there is a NIM deployment, or what a killed run left of one."""
        if self.service is not None:
            return is_nim(msgspec.convert(self.service, Service), self.typed_runtime)
        left = [item for item in (self.runtime, *self.others) if item is not None]
        return any(_is_ours(item) and request_of(item) for item in left)

    def belonging(self) -> tuple[list[Manifest], list[tuple[Manifest, str]]]:
        """Part what goes from what only has the name."""
        mine = [self.service] if self.service else []
        others: list[tuple[Manifest, str]] = []
        users = self._runtime_users()
        if self.runtime is not None and users:
            others.append((self.runtime, f"{', '.join(users)} use it too"))
        elif self.runtime is not None and (self.service or _is_ours(self.runtime)):
            mine.append(self.runtime)
        for item in self.others:
            if _is_ours(item) or self._owns(item):
                mine.append(item)
            else:
                others.append((item, "it does not belong to the deployment"))
        return mine, others

    def _owns(self, item: Manifest) -> bool:
        uid = self.service and self.service["metadata"].get("uid")
        owners = item["metadata"].get("ownerReferences") or []
        # The stock dashboard marks what it makes for a deployment.
        marked = labels(item).get(names.DASHBOARD_LABEL) == "true"
        return marked or any(owner.get("uid") == uid for owner in owners)

    def _runtime_users(self) -> list[str]:
        """Name the other InferenceServices that use the same runtime."""
        runtime = self.runtime and self.runtime["metadata"]["name"]
        return [
            f"{INFERENCE_SERVICES.kind}/{one.metadata.name}"
            for one in self.services
            if one.runtime == runtime and one.metadata.name != self.name
        ]


async def read_deletable(cluster: ReadCluster, name: str, namespace: str) -> Found:
    """Read all of it at once.

    Raises:
        ClusterError: A read failed: then nothing may be deleted.

    """
    service = await _get(cluster, INFERENCE_SERVICES, name, namespace)
    # Stock ones may name a runtime that is called otherwise.
    runtime_name = msgspec.convert(service, Service).runtime if service else name
    unseen: list[str] = []
    (runtime, access, own, services, runtimes, pods) = await asyncio.gather(
        _get(cluster, SERVING_RUNTIMES, runtime_name or name, namespace),
        _access(cluster, name, namespace, unseen),
        asyncio.gather(
            *(
                _get(cluster, SECRETS, one, namespace)
                for one in (names.key_secret(name), names.pull_secret(name))
            )
        ),
        cluster.list_as(INFERENCE_SERVICES, Service, namespace),
        cluster.list_as(SERVING_RUNTIMES, RuntimeVolumes, namespace),
        cluster.list_as(PODS, PodUse, namespace),
    )
    others = [*access, *(item for item in own if item is not None)]
    return Found(name, namespace, service, runtime, others, unseen, services, runtimes, pods)


def _is_ours(item: Manifest) -> bool:
    return labels(item).get(names.MANAGED_BY_LABEL) == names.MANAGED_BY


async def _access(
    cluster: ReadCluster, name: str, namespace: str, unseen: list[str]
) -> list[Manifest]:
    """Read the objects for access from outside, newest first as they are deleted."""
    account = names.service_account(name)
    wanted = (
        (INGRESSES, names.ingress(name)),
        (ROLE_BINDINGS, names.view_role_binding(name)),
        (ROLES, names.view_role(name)),
        (SERVICE_ACCOUNTS, account),
    )

    async def read(resource: ApiResource, wanted_name: str) -> Manifest | None:
        try:
            return await _get(cluster, resource, wanted_name, namespace)
        except ForbiddenError:
            # Whoever may not see Roles made none; the cluster removes what belongs to the service.
            unseen.append(f"{resource.kind}/{wanted_name}")
            return None

    tokens, found = await asyncio.gather(
        _tokens(cluster, account, namespace), asyncio.gather(*(read(*one) for one in wanted))
    )
    return [*tokens, *(item for item in found if item is not None)]


async def _tokens(cluster: ReadCluster, account: str, namespace: str) -> list[Manifest]:
    """Find the token Secrets of an account; of Secrets only the metadata is kept."""
    found = await cluster.list_as(
        SECRETS, AnyObject, namespace, field_selector="type=kubernetes.io/service-account-token"
    )
    return [
        {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "metadata": {
                "name": one.metadata.name,
                "uid": one.metadata.uid,
                "labels": one.metadata.labels or {},
            },
        }
        for one in found
        if one.metadata.annotation(_ACCOUNT) == account
    ]


async def read_claim(cluster: ReadCluster, found: Found) -> ObjectReference | None:
    """Find the claim: the runtime's, or what a run made that left nothing else to name it."""
    name = claim_of(found.typed_runtime)
    if found.is_bare:
        name = names.cache_claim(found.name)
    if name is None:
        return None
    claim = await _get(cluster, PERSISTENT_VOLUME_CLAIMS, name, found.namespace)
    # A name alone makes nobody's claim ours.
    if claim is None or (found.is_bare and not _is_ours(claim)):
        return None
    return ObjectReference.to(claim, found.namespace)


async def _get(
    cluster: ReadCluster, resource: ApiResource, name: str, namespace: str
) -> Manifest | None:
    try:
        return await cluster.get(resource, name, namespace)
    except (NotFoundError, KindNotServedError):
        return None
