"""A plan as a document: shown as JSON or YAML, saved, and read again for `apply --plan`."""

import json
from pathlib import Path
from typing import Any, Final

from odh_nim.domain.errors import InputError, OutputError
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade.plan import Action, Facts, Item, Plan, Role, Step, Subject

FORMAT: Final = "nim.opendatahub.io/upgrade-plan/v1"
_MOST: Final = 50_000_000


def plan_to_data(plan: Plan) -> dict[str, Any]:
    """Give a plan as plain data; it holds no content of any Secret."""
    facts = plan.facts
    return {
        "format": FORMAT,
        "complete": plan.complete,
        "couldNotRead": list(plan.holes),
        "cluster": {
            "applicationsNamespaces": list(facts.applications_namespaces),
            "oldController": facts.controller,
            "airGapped": facts.air_gapped,
            "dataScienceClusters": facts.data_science_clusters,
            "generations": list(facts.generations),
        },
        "findings": [str(finding) for finding in plan.findings],
        "items": [_item_to_data(item) for item in plan.items],
    }


def _item_to_data(item: Item) -> dict[str, Any]:
    subject = item.subject
    return {
        "step": int(item.step),
        "object": str(subject),
        "what": item.role.value,
        "generation": item.generation,
        "action": item.action.value,
        "reason": item.reason,
        "proof": item.proof,
        "users": list(item.users),
        "waitsFor": list(item.waits_for),
        "account": item.account,
        "reference": {
            "group": subject.resource.group,
            "version": subject.resource.version,
            "plural": subject.resource.plural,
            "kind": subject.resource.kind,
            "namespaced": subject.resource.namespaced,
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
            "resourceVersion": subject.resource_version,
        },
    }


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan to a file.

    Raises:
        OutputError: It cannot be written.

    """
    try:
        path.write_text(json.dumps(plan_to_data(plan), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(path, error) from error


def read_plan(path: Path) -> Plan:
    """Read a saved plan.

    Raises:
        InputError: The file cannot be read, or holds no plan.

    """
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_MOST))
        if data["format"] != FORMAT:
            raise InputError(f"{path} is no plan of this version: make a new one.")
        return _from_data(data)
    except OSError as error:
        raise InputError(f"The plan {path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} holds no plan.", remedy="Make one: odh-nim upgrade plan --save FILE"
        ) from error


def _from_data(data: dict[str, Any]) -> Plan:
    cluster = data["cluster"]
    facts = Facts(
        tuple(cluster["applicationsNamespaces"]),
        str(cluster["oldController"]),
        bool(cluster["airGapped"]),
        int(cluster["dataScienceClusters"]),
        tuple(cluster["generations"]),
    )
    items = tuple(_item(one) for one in data["items"])
    return Plan(facts, items, tuple(data["couldNotRead"]))


def _item(data: dict[str, Any]) -> Item:
    place = data["reference"]
    resource = ApiResource(
        str(place["group"]),
        str(place["version"]),
        str(place["plural"]),
        str(place["kind"]),
        namespaced=bool(place["namespaced"]),
    )
    return Item(
        Step(data["step"]),
        Role(data["what"]),
        Subject(
            resource,
            str(place["name"]),
            str(place["namespace"]),
            str(place["uid"]),
            str(place["resourceVersion"]),
        ),
        str(data["generation"]),
        Action(data["action"]),
        str(data["reason"]),
        str(data["proof"]),
        tuple(data["users"]),
        tuple(data["waitsFor"]),
        str(data["account"]),
    )
