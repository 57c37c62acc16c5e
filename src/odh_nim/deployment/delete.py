"""Deletes a deployment: first a plan that names everything, then exactly that."""

from dataclasses import dataclass
from typing import Protocol

from odh_nim.deployment.listing import ReadCluster
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.remainder import DeletingCluster
from odh_nim.domain.finding import Finding


class DeleteCluster(ReadCluster, DeletingCluster, Protocol):
    """The calls that a deletion needs."""


@dataclass(frozen=True)
class Kept:
    """An object that stays, and why."""

    object: ObjectReference
    reason: str


@dataclass(frozen=True)
class DeletePlan:
    """What goes, in this order, and what stays.

    `claim_users` are the other deployments and pods that use the same claim.
    """

    name: str
    namespace: str
    deletes: tuple[ObjectReference, ...]
    keeps: tuple[Kept, ...]
    claim: ObjectReference | None
    claim_users: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


async def plan_delete(
    cluster: ReadCluster, name: str, namespace: str, *, with_claim: bool = False
) -> DeletePlan:
    """Name every object that a deletion removes; nothing is changed.

    A claim that others use is kept, and an error says so where it was asked for.

    Raises:
        UnknownModelError: There is no such deployment.
        ClusterError: A read failed: then nothing may be deleted.

    """
    raise NotImplementedError


async def delete(
    cluster: DeleteCluster, plan: DeletePlan, *, wait: float = 120
) -> tuple[ObjectReference, ...]:
    """Delete what a plan names and wait until it is gone; gives what was deleted.

    Raises:
        PreflightError: The plan has errors; nothing was deleted.
        DeleteFailedError: Something is still there.

    """
    raise NotImplementedError
