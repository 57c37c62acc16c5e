"""What `odh-nim doctor` looks at: the cluster, the installation, a project, and old traces."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.deployment import Remainders, find_remainders
from odh_nim.deployment.remainder import RemainderCluster
from odh_nim.domain import names
from odh_nim.domain.errors import ClusterError, ForbiddenError, NotFoundError, UnauthorizedError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import (
    CUSTOM_RESOURCE_DEFINITIONS,
    DATA_SCIENCE_CLUSTERS,
    NAMESPACES,
)
from odh_nim.journeys.prerequisites import PrerequisiteCluster, read_state
from odh_nim.journeys.site import SiteCluster, SiteReader
from odh_nim.keys import PairKind, check_rights, read_key_state
from odh_nim.keys.rights import AccessReviewer

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_DSC_CRD: Final = DATA_SCIENCE_CLUSTERS.full_name


class DoctorCluster(PrerequisiteCluster, SiteCluster, AccessReviewer, RemainderCluster, Protocol):
    """The calls that an examination needs."""

    async def server_version(self) -> str:
        """Give the version of the API server."""

    async def who_am_i(self) -> str:
        """Give the caller's name."""


@dataclass(frozen=True)
class Report:
    """What was found; `facts` are for the eye, `findings` say what to do."""

    facts: dict[str, str]
    findings: tuple[Finding, ...]
    remainders: Remainders | None

    @property
    def errors(self) -> int:
        """How many findings keep models from being served."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


async def examine(cluster: DoctorCluster, namespace: str, *, setting: str | None) -> Report:
    """Look at everything with the caller's rights; what may not be seen is said.

    Raises:
        ClusterError: The API server cannot be asked at all.

    """
    version, user = await asyncio.gather(cluster.server_version(), cluster.who_am_i())
    site = await SiteReader(setting).read(cluster)
    state, flag, project, remainders = await asyncio.gather(
        read_state(cluster, site),
        _guarded("DataScienceCluster", _old_flag(cluster)),
        _project(cluster, namespace),
        _remainders(cluster, namespace),
    )
    catalog = site.catalog
    facts = {
        "API server": version,
        "You": user,
        "Applications namespace": site.applications_namespace or "not found",
        "Catalogue": f"{len(catalog.models)} models, {catalog.source}" if catalog else "none",
        "Catalogue date": (catalog and catalog.date) or "unknown",
        "Configuration": site.config.source,
        "Project": namespace,
    }
    left = _remainder_findings(remainders)
    return Report(
        facts, (*state.prerequisites, *project, *left, *state.leftovers, *flag), remainders
    )


async def _project(cluster: DoctorCluster, namespace: str) -> list[Finding]:
    """Say what keeps the caller from deploying in a project."""
    if await _is_missing(cluster, namespace):
        message = "There is no project of this name."
        return [Finding(Severity.ERROR, "no-project", namespace, message, "Name one with -n.")]
    try:
        await check_rights(cluster, namespace)
        state = await read_key_state(cluster, namespace)
    except ForbiddenError as error:
        return [Finding(Severity.WARNING, "no-rights", namespace, error.message, error.remedy)]
    if state.kind in (PairKind.OURS, PairKind.ABSENT):
        return []
    what = {
        PairKind.FOREIGN: "; ".join(str(secret) for secret in state.foreign),
        PairKind.INCOMPLETE: "one of the key's two Secrets is missing",
        PairKind.DIFFERING: "the key's two Secrets do not hold the same key",
    }[state.kind]
    remedy = (
        f"See what to do about it: odh-nim upgrade migrate --project {namespace}"
        if state.kind is PairKind.FOREIGN
        else f"Set the key again: odh-nim keys set -n {namespace} --replace"
    )
    return [Finding(Severity.WARNING, f"key-{state.kind.value}", names.KEY_SECRET, what, remedy)]


async def _is_missing(cluster: DoctorCluster, namespace: str) -> bool:
    try:
        await cluster.get(NAMESPACES, namespace)
    except NotFoundError:
        return True
    except ForbiddenError:
        # Users of other projects are told no more than this.
        return False
    return False


async def _remainders(cluster: DoctorCluster, namespace: str) -> Remainders | None:
    try:
        return await find_remainders(cluster, namespace)
    except (ForbiddenError, NotFoundError):
        return None


def _remainder_findings(remainders: Remainders | None) -> list[Finding]:
    if remainders is None:
        return []
    unfinished = [
        Finding(
            Severity.WARNING,
            "unfinished",
            f"deployment {one.name}",
            f"It was never finished: {one.reason} "
            f"({', '.join(str(reference) for reference in one.objects)}).",
            f"Remove it: odh-nim doctor --fix -n {one.namespace}",
        )
        for one in remainders.incomplete
    ]
    unused = [
        Finding(
            Severity.NOTICE,
            "claim-unused",
            str(claim),
            "It holds weights that no deployment uses.",
            f"Use it with --storage pvc:{claim.name}, or remove it: {claim.delete_command}",
        )
        for claim in remainders.orphan_claims
    ]
    return [*unfinished, *unused]


async def _old_flag(cluster: PrerequisiteCluster) -> list[Finding]:
    """Say how the enablement flag of the old integration stands: it decides nothing any more."""
    if not await cluster.serves(DATA_SCIENCE_CLUSTERS):
        return []
    found = await cluster.list(DATA_SCIENCE_CLUSTERS)
    known = await _flag_is_known(cluster)
    findings = []
    for item in found:
        subject = f"DataScienceCluster/{item['metadata']['name']}"
        state = _flag(item).get("managementState")
        if known is False:
            if _still_written(item):
                message = (
                    "This cluster's kind has no `nim` any more, but what applies the object still "
                    "writes it: it is dropped, and strict validation refuses it."
                )
                remedy = "Take spec.components.kserve.nim out of the manifests."
                findings.append(
                    Finding(Severity.WARNING, "dsc-nim-written", subject, message, remedy)
                )
        elif state != "Removed":
            message = (
                f"`nim` is {state or 'absent, which counts as Managed'}: the old controller runs."
            )
            remedy = "See what a clean-up would do: odh-nim upgrade plan"
            findings.append(Finding(Severity.NOTICE, "dsc-nim-managed", subject, message, remedy))
    return findings


async def _flag_is_known(cluster: PrerequisiteCluster) -> bool | None:
    """Whether the served kind still has the field; None where that may not be read."""
    try:
        crd = await cluster.get(CUSTOM_RESOURCE_DEFINITIONS, _DSC_CRD)
    except (NotFoundError, ForbiddenError):
        return None
    return any(
        "nim" in _path(version, "schema", "openAPIV3Schema", "properties", "spec", "properties",
                       "components", "properties", "kserve", "properties")
        for version in crd["spec"]["versions"]
        if version.get("served")
    )  # fmt: skip


def _flag(item: Manifest) -> dict[str, Any]:
    return _path(item, "spec", "components", "kserve", "nim")


def _still_written(item: Manifest) -> bool:
    return bool(_flag(item)) or '"nim"' in annotations(item).get(_LAST_APPLIED, "")


def _path(value: Any, *steps: str) -> dict[str, Any]:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


async def _guarded(subject: str, looking: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await looking
    except UnauthorizedError:
        raise
    except ForbiddenError:
        # Ordinary users may not see it, and nothing of theirs depends on it.
        return []
    except ClusterError as error:
        return [Finding(Severity.WARNING, "cannot-tell", subject, error.message, error.remedy)]
