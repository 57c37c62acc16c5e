"""What the reading commands of `odh-nim deployments` print."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import click

from odh_nim.cli.output import note, print_data, print_facts, print_table, to_data, warn
from odh_nim.deployment import DeploymentView, EventView, Remainder, Remainders, Status, StatusWord
from odh_nim.domain.resources import INFERENCE_SERVICES

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def age(created_at: str, now: datetime | None = None) -> str:
    """Write how old something is, as kubectl does: `5m`."""
    try:
        created = datetime.fromisoformat(created_at)
    except ValueError:
        return ""
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    seconds = max(0, int(((now or datetime.now(UTC)) - created).total_seconds()))
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "0s"


def print_views(
    views: Sequence[DeploymentView], output: str, *, with_project: bool, with_headings: bool = True
) -> None:
    """Print a row a deployment."""
    if output in ("json", "yaml"):
        print_data([to_data(view) for view in views], output)
    elif output == "name":
        for view in views:
            click.echo(_name(view))
    elif views:
        wide = output == "wide"
        head = ["NAME", "MODEL", "TAG", "STATUS", "PROTOCOL", "GPUS", "AGE"]
        head += ["REPLICAS", "ADDRESS", "KEY", "CLAIM", "MANAGED BY"] if wide else []
        rows = [_row(view, wide=wide) for view in views]
        if with_project:
            head = ["PROJECT", *head]
            rows = [[view.namespace, *row] for view, row in zip(views, rows, strict=True)]
        print_table(head, rows, with_headings=with_headings)


def _row(view: DeploymentView, *, wide: bool) -> list[str]:
    gpus = str(view.gpus * view.replicas)
    row = [view.name, view.model, view.tag, view.status.value, view.protocol.value, gpus]
    row.append(age(view.created_at))
    if not wide:
        return row
    address = view.external_url or next((item.address for item in view.endpoints), "")
    return [
        *row,
        str(view.replicas),
        address,
        view.key_secret or "none",
        view.claim or "",
        view.managed_by,
    ]


def _name(view: DeploymentView) -> str:
    return f"{INFERENCE_SERVICES.kind.lower()}.{INFERENCE_SERVICES.group}/{view.name}"


def print_remainders(left: Remainders | None) -> None:
    """Name what killed runs left, with the commands that finish or remove it."""
    if left is None:
        return
    for one in left.incomplete:
        objects = ", ".join(str(item) for item in one.objects)
        warn(f"{one.name} in {one.namespace} is unfinished: {one.reason} ({objects})")
        note(f"  finish it: the same `odh-nim deploy` command with {_resume(one)}")
        note(f"  delete it: odh-nim deployments delete {one.name} -n {one.namespace}")
    for claim in left.orphan_claims:
        note(f"{claim} in {claim.namespace} is used by no deployment.")
        note(f"  use its weights: odh-nim deploy … --storage pvc:{claim.name}")
        note(f"  delete it: {claim.delete_command}")


def _resume(one: Remainder) -> str:
    return f"--name {one.name} -n {one.namespace} --request-id {one.request_id}"


def print_view(view: DeploymentView, output: str) -> None:
    """Print all facts of one deployment."""
    if output in ("json", "yaml"):
        print_data(to_data(view), output)
        return
    if output == "name":
        click.echo(_name(view))
        return
    facts = {
        "Name": view.name,
        "Project": view.namespace,
        "Title": view.display_name if view.display_name != view.name else "",
        "Model": f"{view.model}:{view.tag}",
        "Image": view.image,
        "Status": f"{view.status.value}  {view.message}".strip(),
        "Protocol": view.protocol.value,
        "GPUs": f"{view.gpus} a replica, {view.replicas} replicas"
        if view.replicas != 1
        else str(view.gpus),
        "Access": "with a token" if view.auth else "open to all who reach it",
        "Key": view.key_secret or "none",
        "Pull Secrets": ", ".join(view.pull_secrets),
        "Claim": view.claim or "",
        "Hardware profile": view.hardware_profile,
        "Runtime": view.runtime,
        "Managed by": view.managed_by,
        "Created": view.created_at,
        "Request": view.request_id or "",
    }
    for number, endpoint in enumerate(view.endpoints, start=1):
        place = "outside" if endpoint.external else "inside the cluster"
        remark = f" ({endpoint.note})" if endpoint.note else ""
        facts[f"Address {number}"] = f"{endpoint.address}, {place}{remark}"
    print_facts(facts)


def print_status(name: str, status: Status, output: str) -> None:
    """Print word, phase and pods, and what keeps it from serving."""
    if output != "table":
        print_data({"name": name} | to_data(status), output)
        return
    replicas = f"{status.ready_replicas} of {status.wanted_replicas} ready"
    print_facts(
        {
            "Status": status.word.value,
            "Phase": status.phase.value if status.phase else "",
            "Replicas": replicas,
            "Message": status.message,
        }
    )
    if status.pods:
        click.echo()
        print_table(
            ("POD", "PHASE", "READY", "RESTARTS", "NODE", "AGE"),
            [
                (
                    pod.name if pod.current else f"{pod.name} (old)",
                    pod.phase.value,
                    "yes" if pod.ready else "no",
                    str(pod.restarts),
                    pod.node,
                    age(pod.started_at),
                )
                for pod in status.pods
            ],
        )
    if status.explanations:
        click.echo()
        _print_causes(status)


def print_events(events: Sequence[EventView], output: str) -> None:
    """Print a row an event."""
    if output != "table":
        print_data([to_data(event) for event in events], output)
    elif events:
        print_table(
            ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"),
            [
                (
                    age(event.last_seen),
                    "Warning" if event.warning else "Normal",
                    event.reason,
                    event.subject,
                    event.message + (f" (x{event.count})" if event.count > 1 else ""),
                )
                for event in events
            ],
        )


def print_explanations(name: str, status: Status, output: str) -> None:
    """Print cause, action and the cluster's own words."""
    if output != "table":
        data = [to_data(one) for one in status.explanations]
        print_data({"name": name, "status": status.word.value, "explanations": data}, output)
    elif status.explanations:
        _print_causes(status)
    else:
        starting = status.phase is not None and status.word is StatusWord.STARTING
        phase = f", {status.phase}" if starting else ""
        click.echo(f"{name} is {status.word.value}{phase}: no known failure.")
        if status.message:
            click.echo(status.message)


def _print_causes(status: Status) -> None:
    for number, one in enumerate(status.explanations):
        if number:
            click.echo()
        print_facts(
            {
                "Where": one.subject,
                "Cause": one.cause,
                "Action": one.action,
                "Seen": one.evidence,
            }
        )
