"""Follows a deployment on standard error until it serves, and says why it does not."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from odh_nim.cli.output import Steps, note
from odh_nim.deployment import Explanation, Phase, Status, StatusWord, follow, get_deployment
from odh_nim.domain.errors import NotReadyError

if TYPE_CHECKING:
    from odh_nim.cluster import Client


async def follow_to_ready(client: "Client", name: str, namespace: str, *, within: float) -> None:
    """Show phase after phase; end when the model is served.

    Raises:
        NotReadyError: It failed, was stopped, or was not ready in time.

    """
    try:
        await _follow(client, name, namespace, within)
    except TimeoutError:
        raise NotReadyError(
            f"Deployment {name} is not ready after {within:.0f} s; it goes on starting.",
            remedy=f"Look again: odh-nim deployments status {name} -n {namespace}",
        ) from None
    except asyncio.CancelledError:
        note(f"It goes on without this command: odh-nim deployments status {name} -n {namespace}")
        raise
    await _say_where(client, name, namespace)


async def _follow(client: "Client", name: str, namespace: str, within: float) -> None:
    # Closed at once when it ends early: its watches are not left to the end of the loop.
    async with aclosing(follow(client, name, namespace, within=within)) as told:
        with Steps() as steps:
            async for progress in told:
                status = progress.status
                if progress.done and status.word is StatusWord.READY:
                    steps.step(f"Ready after {progress.seconds:.0f} s")
                    return
                steps.step(_sentence(status))
                steps.update(status.message)
                if progress.done:
                    raise _not_ready(name, namespace, status)


def _sentence(status: Status) -> str:
    if status.phase is Phase.READY:
        # The pod serves; KServe has not noticed yet.
        return "Waiting for KServe"
    return status.phase.value.capitalize() if status.phase else status.word.value


def _not_ready(name: str, namespace: str, status: Status) -> NotReadyError:
    # An explanation says the same as the message, and what helps.
    causes = [f"  {line}" for line in explained(status.explanations)]
    message = "" if causes else f" {status.message}"
    lines = [f"Deployment {name} does not serve: {status.word}.{message}".rstrip(), *causes]
    lines += [f"See more: odh-nim deployments explain {name} -n {namespace}"]
    return NotReadyError("\n".join(lines))


def explained(explanations: Iterable[Explanation]) -> list[str]:
    """Write each failure as one line: where, why, what helps."""
    return [f"{one.subject}: {one.cause} {one.action}".strip() for one in explanations]


async def _say_where(client: "Client", name: str, namespace: str) -> None:
    view = await get_deployment(client, name, namespace)
    for endpoint in view.endpoints:
        place = "outside" if endpoint.external else "inside the cluster"
        remark = f" ({endpoint.note})" if endpoint.note else ""
        note(f"Address {place}: {endpoint.address}{remark}")
