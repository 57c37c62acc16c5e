"""Reads the sentences of the API server that say more than its reasons do."""

import re
from collections.abc import Sequence
from typing import Final

from odh_nim.domain.errors import printable

_FORBIDDEN: Final = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) '
    r'(?:resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"|path "(?P<path>[^"]*)")'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_QUOTA: Final = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<requested>.+), used: (?P<used>.+), "
    r"limited: (?P<limited>.+)",
    re.DOTALL,
)
_AMOUNT: Final = re.compile(r"([^=,\s]+)=([^=,\s]+)")
_MANAGER: Final = re.compile(r'conflict with "(?P<manager>[^"]*)"')
_PRECONDITION: Final = (
    "Precondition failed",
    "the object has been modified",
    "in the precondition (",
)
# `secrets "name" is forbidden: `: the operation names the object already.
_PREFIX: Final = re.compile(r'^\S+(?: "[^"]*")? is (?:forbidden|invalid): ')
_KEY: Final = re.compile(r"nvapi-[A-Za-z0-9._~-]+")
_SHOWN: Final = 5
_LONG: Final = 300


def clean(text: str, limit: int = 120) -> str:
    """Make the server's text safe to show.

    A webhook or a policy may repeat what it refuses, so what looks like a key is taken out.
    """
    return printable(_KEY.sub("****", text), limit)


def without_prefix(message: str) -> str:
    """Cut what repeats the name of the object."""
    return _PREFIX.sub("", message, count=1)


def forbidden_cause(message: str) -> str | None:
    """Say which right is missing; None where the sentence is not RBAC's."""
    found = _FORBIDDEN.search(message)
    if found is None:
        return None
    return f"{clean(_may_not(found), _LONG)}."


def _may_not(found: re.Match[str]) -> str:
    who = f"user {found['user']} may not"
    if found["verb"].startswith("impersonate"):
        return f"{who} act in the name of others"
    resource = found["path"] or found["resource"]
    if found["group"]:
        resource += f".{found['group']}"
    where = f" in project {found['namespace']}" if found["namespace"] else ""
    return f"{who} {found['verb']} {resource}{where}"


def quota_cause(message: str) -> str | None:
    """Say what is used up; None where the sentence is not a quota's."""
    found = _QUOTA.search(message)
    if found is None:
        return None
    requested, used, limited = (
        dict(_AMOUNT.findall(found[part])) for part in ("requested", "used", "limited")
    )
    uses = [
        f"{name}: {used.get(name, '?')} of {limit} used, {requested.get(name, '?')} more wanted"
        for name, limit in limited.items()
    ]
    quota = clean(found["quota"], 80)
    return f"the quota {quota} is used up ({clean('; '.join(uses), _LONG)})."


def conflict_cause(message: str, owned: Sequence[tuple[str, str]]) -> str:
    """Say who has the field, or that the object changed; `owned` is (field, message)."""
    if owned:
        fields = []
        for field, text in owned[:_SHOWN]:
            found = _MANAGER.search(text)
            manager = found["manager"] if found else text
            fields.append(f"{clean(field)} belongs to {clean(manager)}")
        return f"{'; '.join(fields)}{_more(owned)}."
    if any(mark in message for mark in _PRECONDITION):
        return "the object was changed or replaced meanwhile."
    return f"{clean(without_prefix(message), _LONG).rstrip('.') or 'it conflicts'}."


def invalid_cause(causes: Sequence[tuple[str, str]]) -> str | None:
    """Put (field, message) pairs into one sentence; None where there are none."""
    lines = [
        f"{clean(field)}: {clean(text, _LONG)}" if field else clean(text, _LONG)
        for field, text in causes[:_SHOWN]
        if text
    ]
    if not lines:
        return None
    return f"{'; '.join(lines).rstrip('.')}{_more(causes)}."


def _more(items: Sequence[object]) -> str:
    return f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
