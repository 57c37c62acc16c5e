"""What `odh-nim deploy` prints on standard output: a plan, or what was made."""

from typing import Any

import click

from odh_nim.cli.output import note, print_data, print_table
from odh_nim.deployment import Deployed, ObjectReference, Plan, Preflight
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.names import REQUEST_ID
from odh_nim.domain.resources import INFERENCE_SERVICES, SECRETS
from odh_nim.manifests.redact import REDACTED
from odh_nim.manifests.yaml import dump_all


def print_plan(plan: Plan, found: Preflight | None, output: str) -> None:
    """Print what would be done; YAML can be applied as it is, and holds no Secret."""
    if output == "yaml":
        click.echo(_as_yaml(plan), nl=False)
    elif output == "json":
        strategy = {"strategy": found.strategy.value} if found else {}
        print_data(plan.as_data() | strategy, output)
    elif output == "name":
        for reference in plan.references:
            click.echo(_name(reference))
    else:
        print_table(
            ("KIND", "NAME", "ACTION"),
            [(one.resource.kind, one.name, "would be created") for one in plan.references],
        )
    note("Nothing was written: --dry-run.")


def print_deployed(deployed: Deployed, output: str) -> None:
    """Print what a deployment consists of."""
    if output in ("json", "yaml"):
        print_data(_as_data(deployed), output)
    elif output == "name":
        for reference in deployed.objects:
            if reference.resource is INFERENCE_SERVICES:
                click.echo(_name(reference))
    else:
        rows = [(one.resource.kind, one.name, _action(deployed, one)) for one in deployed.objects]
        print_table(("KIND", "NAME", "ACTION"), rows)


def _action(deployed: Deployed, reference: ObjectReference) -> str:
    there = any(reference.is_same(one) for one in deployed.taken_over)
    return "was there from the same request" if there else "created"


def _name(reference: ObjectReference) -> str:
    return f"{reference.resource.kind.lower()}.{reference.resource.group}/{reference.name}".replace(
        "./", "/"
    )


def _as_yaml(plan: Plan) -> str:
    shown = [_without_request(item) for item in plan.redacted() if item["kind"] != SECRETS.kind]
    return "".join(f"# {line}\n" for line in _remarks(plan, shown)) + dump_all(shown)


def _without_request(manifest: Manifest) -> Manifest:
    """Take the mark of this run off: what is applied by other means was never begun by us."""
    marks = {name: text for name, text in annotations(manifest).items() if name != REQUEST_ID}
    return manifest | {"metadata": manifest["metadata"] | {"annotations": marks}}


def _remarks(plan: Plan, shown: list[Manifest]) -> list[str]:
    """Say what is not in the YAML and has to be there."""
    remarks = []
    if plan.key_secrets:
        secrets = ", ".join(str(ObjectReference.to(secret)) for secret in plan.key_secrets)
        remarks.append(f"Not shown, make them with `odh-nim keys set` first: {secrets}.")
    tokens = [item for item in plan.objects if item["kind"] == SECRETS.kind]
    if tokens:
        # These are filled by the cluster, so nothing of them is secret yet.
        shown[:] = [*shown, *map(_without_request, tokens)]
    if REDACTED in str(shown):
        remarks.append(f"Values that look like secrets are written as {REDACTED}: put them in.")
    return remarks


def _as_data(deployed: Deployed) -> dict[str, Any]:
    return {
        "name": deployed.name,
        "namespace": deployed.namespace,
        "requestId": deployed.request_id,
        "objects": [
            {
                "kind": one.resource.kind,
                "name": one.name,
                "uid": one.uid,
                "action": _action(deployed, one),
            }
            for one in deployed.objects
        ],
    }
