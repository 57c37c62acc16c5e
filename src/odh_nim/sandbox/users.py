"""The people of the sandbox, and how the API server knows them."""

import csv
import io
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from odh_nim.sandbox.layout import write_private


@dataclass(frozen=True)
class User:
    """A person: name, groups, and the project their kubeconfig starts in."""

    name: str
    about: str
    groups: tuple[str, ...] = ()
    namespace: str = "default"


# OpenShift puts everybody who logged in into this group.
_LOGGED_IN: Final = "system:authenticated:oauth"
USERS: Final = (
    User("admin", "may do everything", ("odh-admins", _LOGGED_IN)),
    User("alice", "data scientist, edits team-a", ("data-scientists", _LOGGED_IN), "team-a"),
    User("bob", "data scientist, edits team-b", ("data-scientists", _LOGGED_IN), "team-b"),
    User("vera", "may look at team-a, not touch", (_LOGGED_IN,), "team-a"),
)
# Whom the control plane's own parts are to the API server.
SYSTEM: Final = User("sandbox", "the sandbox itself", ("system:masters",))


def ensure_tokens(path: Path) -> dict[str, str]:
    """Give each user's token, made once per sandbox.

    The API server reads the file at its start only.
    """
    known = read_tokens(path)
    everybody = (SYSTEM, *USERS)
    tokens = {user.name: known.get(user.name) or secrets.token_urlsafe(32) for user in everybody}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for user in everybody:
        rows.writerow((tokens[user.name], user.name, user.name, ",".join(user.groups)))
    write_private(path, text.getvalue())
    return tokens


def read_tokens(path: Path) -> dict[str, str]:
    """Give the token of each user; none where the file is not made yet."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {row[1]: row[0] for row in csv.reader(io.StringIO(text)) if len(row) > 1}
