"""Everything that can be known before the first write, asked all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from odh_nim.deployment.gpus import GpuReport
from odh_nim.deployment.plan import Plan
from odh_nim.domain.deployment_spec import Strategy
from odh_nim.domain.finding import Finding
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

T = TypeVar("T")


class PreflightCluster(Protocol):
    """The calls that a preflight needs; none of them writes."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[T]:
        """List objects, of each only what the type names."""

    async def can_i(self, verb: str, resource: ApiResource, namespace: str | None = None) -> bool:
        """Answer for one right of the caller."""


@dataclass(frozen=True)
class Preflight:
    """All findings, those of the plan and those passed in included.

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
        raise NotImplementedError

    def require(self, subject: str) -> None:
        """Go on only without errors.

        Raises:
            PreflightError: With every error at once.

        """
        raise NotImplementedError


async def preflight(
    cluster: PreflightCluster, plan: Plan, *, findings: Sequence[Finding] = ()
) -> Preflight:
    """Look at rights, names, claims, storage, GPUs, quota and profile, all at once.

    `findings` are those of others, about the key and the image. What may not be asked is a
    notice, never a failure.

    Raises:
        UnauthorizedError: The login is no longer good.
        UnreachableError: The API server does not answer.

    """
    raise NotImplementedError
