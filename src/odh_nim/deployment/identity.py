"""Whose an object is: this request's, another one's, somebody else's."""

import re
from typing import Any, Final

from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain import names
from odh_nim.domain.deployment_name import propose_name
from odh_nim.domain.errors import AlreadyExistsError, InvalidQuantityError, printable
from odh_nim.domain.manifest import Manifest, annotations, labels
from odh_nim.domain.quantity import parse_quantity

# What a deployment decides. Metadata is compared by the request id alone.
_DECIDING: Final = ("spec", "data", "rules", "roleRef", "subjects", "type")
_NUMBERED: Final = re.compile(r"(.*?)-?(\d{1,3})?")


def request_of(found: Manifest) -> str | None:
    """Read which request made an object."""
    return annotations(found).get(names.REQUEST_ID)


def whose(found: Manifest) -> str:
    """Say in words whom an object belongs to."""
    metadata = found["metadata"]
    if metadata.get("deletionTimestamp"):
        return "it is being deleted"
    owners = metadata.get("ownerReferences") or []
    if owners:
        return "it belongs to " + ", ".join(
            printable(f"{owner.get('kind')}/{owner.get('name')}", 120) for owner in owners
        )
    manager = labels(found).get(names.MANAGED_BY_LABEL)
    if manager == names.MANAGED_BY:
        return "odh-nim made it in another request"
    if manager:
        return f"it is managed by {printable(manager, 60)}"
    since = printable(str(metadata.get("creationTimestamp") or ""), 40)
    return f"somebody else made it{f' ({since})' if since else ''}"


def name_taken(
    taken: list[tuple[ObjectReference, str]], deployment: str, namespace: str
) -> AlreadyExistsError:
    """Build the error for names that others have."""
    cause = "; ".join(f"{reference} is there already, {owner}" for reference, owner in taken)
    return AlreadyExistsError(
        f"create deployment {deployment} in {namespace}",
        f"{cause}.",
        status=409,
        remedy=f"Choose another name, for example --name {other_name(deployment, namespace)}.",
    )


def other_name(deployment: str, namespace: str) -> str:
    """Propose a name like this one: `llama` becomes `llama-2`, `llama-2` becomes `llama-3`."""
    match = _NUMBERED.fullmatch(deployment)
    stem, number = (match[1], match[2]) if match else (deployment, None)
    suffix = f"-{int(number or 1) + 1}"
    return propose_name(stem, namespace + "x" * len(suffix)) + suffix


def is_made_from(found: Manifest, manifest: Manifest) -> bool:
    """Say whether an object is what a manifest asks for; what others added does not count."""
    return all(_holds(found.get(part), manifest[part]) for part in _DECIDING if part in manifest)


def _holds(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return not wanted and found is None
        return all(_holds(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(found, list):
            return not wanted and found is None
        # Admission puts tolerations, volumes and containers of its own beside ours.
        return all(any(_holds(item, value) for item in found) for value in wanted)
    return found == wanted or _same_quantity(found, wanted) or (found is None and wanted == "")


def _same_quantity(found: Any, wanted: Any) -> bool:
    """Compare amounts: the API server writes 0.5Gi as 512Mi."""
    if isinstance(found, bool) or not isinstance(found, str | int) or not isinstance(wanted, str):
        return False
    try:
        return parse_quantity(str(found)) == parse_quantity(wanted)
    except InvalidQuantityError:
        return False
