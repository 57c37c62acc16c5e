"""Asks the API server about every manifest before the first one is created."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from odh_nim.deployment.attempt import TRANSIENT, AttemptCluster, look, nap
from odh_nim.deployment.identity import name_taken, request_of, whose
from odh_nim.deployment.plan import Plan
from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ClusterError,
    NotFoundError,
    PreflightError,
    UnauthorizedError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ROLE_BINDINGS


class Creator(Protocol):
    """Creates objects."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""


class CheckCluster(AttemptCluster, Protocol):
    """The calls that checking needs."""

    def dry_run(self) -> Creator:
        """Give a client that cannot write."""


async def check_manifests(
    cluster: CheckCluster,
    plan: Plan,
    *,
    pauses: Sequence[float],
    report: Callable[[ObjectReference], None],
) -> None:
    """Let the API server check every manifest, all at once; nothing is written.

    Objects that this very request has made before are as good as new.

    Raises:
        AlreadyExistsError: Names are taken by others.
        PreflightError: Several objects are refused.
        ClusterError: One object is refused, or the API server cannot be asked.

    """
    writer = cluster.dry_run()
    answers = await asyncio.gather(
        *(_check(cluster, writer, manifest, pauses) for manifest in plan.manifests),
        return_exceptions=True,
    )
    taken: list[tuple[ObjectReference, str]] = []
    refused: list[tuple[ObjectReference, ClusterError]] = []
    for reference, answer in zip(plan.references, answers, strict=True):
        if isinstance(answer, ClusterError):
            refused.append((reference, answer))
        elif isinstance(answer, BaseException):
            raise answer
        elif answer is not None and request_of(answer) != plan.request_id:
            taken.append((reference, whose(answer)))
        else:
            report(reference)
    _raise_what_was_found(plan, taken, refused)


async def _check(
    cluster: CheckCluster, writer: Creator, manifest: Manifest, pauses: Sequence[float]
) -> Manifest | None:
    """Dry-run one manifest; give the object that has its name already, if one has."""
    reference = ObjectReference.to(manifest)
    for pause in (*pauses, None):
        try:
            await writer.create(manifest, namespace=reference.namespace)
        except AlreadyExistsError:
            return await look(cluster, reference, pauses)
        except NotFoundError:
            # Who may only hand out rights of roles that exist is told so: the Role comes first.
            if reference.resource is ROLE_BINDINGS:
                return None
            raise
        except TRANSIENT:
            if pause is None:
                raise
            await nap(pause)
        else:
            return None
    raise AssertionError("the last try returns or raises")


def _raise_what_was_found(
    plan: Plan,
    taken: list[tuple[ObjectReference, str]],
    refused: list[tuple[ObjectReference, ClusterError]],
) -> None:
    for _, error in refused:
        if isinstance(error, UnauthorizedError):
            raise error
    if taken:
        raise name_taken(taken, plan.spec.name, plan.spec.namespace)
    if len(refused) == 1:
        raise refused[0][1]
    if refused:
        raise PreflightError(
            f"Deployment {plan.spec.name}",
            [
                Finding(Severity.ERROR, "refused", str(reference), error.cause, error.remedy)
                for reference, error in refused
            ],
        )
