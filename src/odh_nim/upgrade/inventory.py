"""Looks at the whole cluster once, read-only: one list per kind, whatever the number of projects.

A list that fails leaves a hole. What is in a hole could be in use, so a plan with a hole changes
nothing. A kind that the cluster does not have is no hole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import ClusterError, KindNotServedError, printable
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.identity import account_owner
from odh_nim.upgrade.kinds import BUILT_IN_GROUPS, REFERRING, at_version
from odh_nim.upgrade.ports import ReadingCluster
from odh_nim.upgrade.references import Uses, Wanted

_AT_ONCE: Final = 4
# More names than that are cheaper to find in one whole list.
_NAMES_AT_ONCE: Final = 16

_SECRET_NAMES: Final = (
    old.ACCESS_SECRET,
    old.PROJECT_KEY,
    old.PROJECT_PULL,
    old.IMAGE_PULL_SECRET,
    old.child_name(old.ACCOUNT_NAME, "Secret"),
)
_MAP_NAMES: Final = (
    *old.MODEL_MAPS,
    old.RESULT_MAP,
    old.ENABLED_APPS,
    old.CONTROLLER_PARAMETERS,
    old.child_name(old.ACCOUNT_NAME, "ConfigMap"),
    names.CATALOG_CONFIG_MAP,
    names.CONFIG_MAP,
    names.UPGRADE_REPORT,
)
# kind → the exact names that matter; all others are not even read.
_NAMED: Final[tuple[tuple[ApiResource, tuple[str, ...]], ...]] = (
    (kinds.CUSTOM_RESOURCE_DEFINITIONS, (old.ACCOUNT_CRD, old.CLUSTER_CRD)),
    (kinds.CLUSTER_ROLES, (*old.CLUSTER_ROLES, old.CONTROLLER_ROLE)),
    (kinds.ROLES, (old.ACCESS_ROLE,)),
    (kinds.ROLE_BINDINGS, (old.ACCESS_BINDING,)),
    (kinds.VALIDATING_WEBHOOKS, (old.WEBHOOKS,)),
    (kinds.ODH_APPLICATIONS, (old.TILE,)),
    (kinds.DASHBOARD_CONFIGS, (names.DASHBOARD_CONFIG,)),
)
# Few on any cluster, and needed whole.
_WHOLE: Final = (
    kinds.ACCOUNTS,
    kinds.DATA_SCIENCE_CLUSTERS,
    kinds.DSC_INITIALIZATIONS,
    kinds.TEMPLATES,
    kinds.NAMESPACES,
    kinds.PERSISTENT_VOLUME_CLAIMS,
)
# Kept where they may be part of the old integration; walked for references all the same.
_KEPT: Final[dict[str, Callable[[Manifest], bool]]] = {
    "CronJob": lambda item: item["metadata"]["name"] == old.CRON_JOB,
    "Job": lambda item: item["metadata"]["name"].startswith(f"{old.CRON_JOB}-"),
    "Pod": lambda item: item["metadata"]["name"].startswith(f"{old.CRON_JOB}-"),
    "Deployment": lambda item: item["metadata"]["name"] == old.CONTROLLER,
}


@dataclass
class Inventory:
    """What was found, by kind, and who names what."""

    objects: dict[str, list[Manifest]] = field(default_factory=dict, repr=False)
    uses: Uses = field(default_factory=Uses, repr=False)
    served: dict[str, ApiResource] = field(default_factory=dict)
    holes: list[str] = field(default_factory=list)

    def of(self, resource: ApiResource) -> list[Manifest]:
        """Give the objects of a kind."""
        return self.objects.get(resource.kind, [])

    def named(self, resource: ApiResource, *wanted: str) -> list[Manifest]:
        """Give the objects of a kind with one of these names."""
        return [item for item in self.of(resource) if item["metadata"]["name"] in wanted]

    def at(self, resource: ApiResource) -> ApiResource:
        """Give a kind in the version that the cluster serves."""
        return self.served.get(resource.kind, resource)


async def take_inventory(cluster: ReadingCluster) -> Inventory:
    """Look at everything that matters."""
    taking = _Taking(cluster)
    await taking.all(taking.whole(resource) for resource in _WHOLE)
    accounts = taking.found.of(kinds.ACCOUNTS)
    secrets = _with_children(_SECRET_NAMES, accounts, "Secret", "nimPullSecret", taking.found)
    maps = _with_children(_MAP_NAMES, accounts, "ConfigMap", "nimConfig", taking.found)
    maps |= {_model_list(account) for account in accounts} - {""}
    named = [
        (kinds.SECRETS, secrets),
        (kinds.CONFIG_MAPS, maps),
        *((resource, set(wanted)) for resource, wanted in _NAMED),
    ]
    await taking.all(taking.named(resource, wanted) for resource, wanted in named)
    claims = frozenset(
        item["metadata"]["name"] for item in taking.found.of(kinds.PERSISTENT_VOLUME_CLAIMS)
    )
    wanted = Wanted(frozenset(secrets), claims)
    await taking.all(taking.referring(resource, wanted) for resource in REFERRING)
    return taking.found


async def uses_in(cluster: ReadingCluster, namespace: str, wanted: Wanted) -> Uses:
    """Ask again who names a Secret of one project, right before it would go.

    Raises:
        ClusterError: A list failed: nobody knows who uses it.

    """
    taking = _Taking(cluster)
    await taking.all(
        taking.referring(resource, wanted, namespace if resource.namespaced else None)
        for resource in REFERRING
    )
    if taking.failures:
        raise taking.failures[0]
    return taking.found.uses


class _Taking:
    """One inventory while it is taken."""

    def __init__(self, cluster: ReadingCluster) -> None:
        self.found = Inventory()
        self.failures: list[ClusterError] = []
        self._cluster = cluster
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._versions: dict[str, tuple[str, ...]] = {}

    async def all(self, parts: Iterable[Awaitable[None]]) -> None:
        async def one(part: Awaitable[None]) -> None:
            async with self._slots:
                await part

        await asyncio.gather(*(one(part) for part in parts))

    async def whole(self, resource: ApiResource) -> None:
        listed = await self._list(resource)
        if resource is kinds.PERSISTENT_VOLUME_CLAIMS:
            listed = [item for item in listed if _may_be_ours(item)]
        self.found.objects[resource.kind] = listed

    async def named(self, resource: ApiResource, wanted: set[str]) -> None:
        if len(wanted) > _NAMES_AT_ONCE:
            listed = [
                item for item in await self._list(resource) if item["metadata"]["name"] in wanted
            ]
        else:
            listed = []
            for name in sorted(wanted):
                listed += await self._list(resource, field_selector=f"metadata.name={name}")
        self.found.objects[resource.kind] = listed

    async def referring(
        self, resource: ApiResource, wanted: Wanted, namespace: str | None = None
    ) -> None:
        keeps = _KEPT.get(resource.kind)
        for item in await self._list(resource, namespace):
            self.found.uses.add(item, wanted)
            if keeps is not None and keeps(item):
                self.found.objects.setdefault(resource.kind, []).append(item)

    async def _list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        try:
            for version in await self._candidates(resource):
                found = await self._list_at(
                    at_version(resource, version), namespace, field_selector
                )
                if found is not None:
                    return found
        except ClusterError as error:
            self.failures.append(error)
            self.found.holes.append(f"{resource.full_name}: {printable(error.cause, 200)}")
        return []

    async def _candidates(self, resource: ApiResource) -> tuple[str, ...]:
        """Give the versions to try: ours first where it is served, then the preferred."""
        if resource.group in BUILT_IN_GROUPS:
            return (resource.version,)
        if resource.kind in self.found.served:
            return (self.found.served[resource.kind].version,)
        if resource.group not in self._versions:
            self._versions[resource.group] = await self._cluster.served_versions(resource.group)
        served = self._versions[resource.group]
        return tuple(sorted(served, key=lambda version: version != resource.version))

    async def _list_at(
        self, resource: ApiResource, namespace: str | None, field_selector: str | None
    ) -> list[Manifest] | None:
        try:
            found = await self._cluster.list(resource, namespace, field_selector=field_selector)
        except KindNotServedError:
            # A 404 counts as "there are none" only where the API server does not know the kind:
            # something on the way may answer 404 as well.
            if resource.group in BUILT_IN_GROUPS or await self._cluster.serves(resource):
                raise
            return None
        self.found.served[resource.kind] = resource
        return found


def _with_children(
    fixed: Iterable[str],
    accounts: Iterable[Manifest],
    kind: str,
    status: str,
    found: Inventory,
) -> set[str]:
    """Name what to look for: the fixed names and those of every Account, living or gone."""
    wanted = set(fixed)
    for account in accounts:
        wanted.add(old.child_name(account["metadata"]["name"], kind))
        reference = (account.get("status") or {}).get(status) or {}
        wanted.add(str(reference.get("name") or old.child_name(old.ACCOUNT_NAME, kind)))
    for template in found.of(kinds.TEMPLATES):
        if owner := account_owner(template):
            wanted.add(old.child_name(owner.name, kind))
    return wanted


def _model_list(account: Manifest) -> str:
    reference = (account.get("spec") or {}).get("modelListConfig") or {}
    return str(reference.get("name") or "")


def _may_be_ours(claim: Manifest) -> bool:
    marks = claim["metadata"].get("annotations") or {}
    return claim["metadata"]["name"].startswith(old.CLAIM_PREFIX) or names.NIM_PVC in marks
