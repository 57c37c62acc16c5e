"""Everything that can be known before the first write, asked all at once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odh_nim.deployment.checks.claim import check_claim
from odh_nim.deployment.checks.cluster import PreflightCluster
from odh_nim.deployment.checks.compute import check_compute
from odh_nim.deployment.checks.free_names import check_names, check_project
from odh_nim.deployment.checks.gpus import GpuReport
from odh_nim.deployment.checks.quota import check_quota
from odh_nim.deployment.checks.rights import check_rights
from odh_nim.deployment.plan import Plan
from odh_nim.domain.deployment_spec import Strategy
from odh_nim.domain.errors import PreflightError
from odh_nim.domain.finding import Finding, Severity, errors_of
from odh_nim.domain.manifest import Manifest

_WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTICE)


@dataclass(frozen=True)
class Preflight:
    """All findings, worst first, those of the plan and those passed in included.

    `strategy` is the one that works here, `strategy_reason` why; a caller whose user chose none
    plans again with it.
    """

    findings: tuple[Finding, ...]
    gpus: GpuReport | None
    strategy: Strategy
    strategy_reason: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the plan."""
        return tuple(errors_of(list(self.findings)))

    def require(self, subject: str) -> None:
        """Go on only without errors.

        Raises:
            PreflightError: With every error at once.

        """
        if self.errors:
            raise PreflightError(subject, self.errors)


async def preflight(
    cluster: PreflightCluster,
    plan: Plan,
    *,
    findings: Sequence[Finding] = (),
    claims: Mapping[str, Manifest] | None = None,
) -> Preflight:
    """Look at rights, names, claims, storage, GPUs, quota and profile, all at once.

    `findings` are those of others, about the key and the image; `claims` are the project's, where
    somebody has listed them a moment ago. A plan with errors of its own is
    not asked about. What may not be asked is a notice, never a failure.

    Raises:
        ClusterError: The login is no longer good, or the API server does not answer.

    """
    known = [*plan.findings, *findings]
    if plan.errors:
        return Preflight(_sorted(known), None, plan.spec.strategy)
    compute, *others = await asyncio.gather(
        check_compute(cluster, plan),
        check_rights(cluster, plan),
        check_project(cluster, plan),
        check_names(cluster, plan, claims),
        check_claim(cluster, plan),
        check_quota(cluster, plan),
    )
    known += compute.findings
    for found in others:
        known += found
    return Preflight(_sorted(known), compute.gpus, compute.strategy, compute.reason)


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(dict.fromkeys(findings), key=lambda one: _WORST_FIRST.index(one.severity)))
