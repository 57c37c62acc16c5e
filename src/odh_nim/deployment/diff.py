"""What an edit changes, for eyes: a unified diff of YAML without anything secret; pure."""

import copy
import difflib
from collections.abc import Iterator
from typing import Any, Final

from odh_nim.deployment.rules_text import looks_secret
from odh_nim.domain.api_key import PREFIX
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.manifests.redact import REDACTED, redact
from odh_nim.manifests.yaml import dump_yaml

# What the API server keeps for itself.
_SERVERS: Final = (
    "managedFields",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "selfLink",
)
_LINES_AROUND: Final = 3


def diff_of(before: Manifest, after: Manifest) -> str:
    """Compare two states of one object; empty where nothing that counts differs."""
    old, new = _shown(before), _shown(after)
    known = set(_variables(old))
    _hide(old, known)
    _hide(new, known)
    lines = difflib.unified_diff(
        dump_yaml(old).splitlines(),
        dump_yaml(new).splitlines(),
        f"{describe(before)} now",
        f"{describe(after)} after",
        n=_LINES_AROUND,
        lineterm="",
    )
    return "\n".join(lines)


def without_servers_fields(item: Manifest) -> Manifest:
    """Copy an object without what the API server and controllers write."""
    copied = copy.deepcopy(item)
    copied.pop("status", None)
    for name in _SERVERS:
        copied["metadata"].pop(name, None)
    return copied


def _shown(item: Manifest) -> Manifest:
    return redact(without_servers_fields(item))


def _hide(item: Any, known: set[tuple[str, str]]) -> None:
    """Replace secret values, of variables and wherever a key stands; say which ones are new."""
    if isinstance(item, dict):
        name, value = str(item.get("name")), item.get("value")
        if isinstance(value, str) and looks_secret(name):
            item["value"] = REDACTED if (name, value) in known else f"{REDACTED} (another value)"
    for place, value in list(item.items() if isinstance(item, dict) else enumerate(item)):
        if isinstance(value, str):
            item[place] = REDACTED if PREFIX in value else value
        elif isinstance(value, dict | list):
            _hide(value, known)


def _variables(item: Any) -> Iterator[tuple[str, str]]:
    """Give every variable with its value, wherever it stands."""
    if isinstance(item, dict):
        if isinstance(item.get("value"), str):
            yield str(item.get("name")), item["value"]
        item = list(item.values())
    for value in item if isinstance(item, list) else ():
        yield from _variables(value)
