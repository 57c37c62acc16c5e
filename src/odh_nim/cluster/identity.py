"""Who a request is made as.

Without an identity a request carries the credentials of the kubeconfig. The web server sets one
for each request it serves: then nothing of the server's own credentials travels with it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from odh_nim.domain.errors import InputError

_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


def is_token(text: str) -> bool:
    """Whether a text is one word of visible ASCII.

    Anything else could end the header it travels in, and start another.
    """
    return _TOKEN.fullmatch(text) is not None


@dataclass(frozen=True)
class Identity:
    """A caller: a token of their own, or a user that the connection's credentials impersonate.

    A token replaces the connection's credentials completely: its client certificate, its token
    and its own impersonation are left out.
    """

    token: str | None = field(default=None, repr=False)
    user: str | None = None
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.token is None and not self.user:
            # Never silently the connection's own credentials.
            raise InputError("An identity names neither a token nor a user.")
        if self.token is not None and not is_token(self.token):
            raise InputError("The token cannot be used: it is no single word of ASCII.")
        check_impersonation(self.user, self.groups)


def check_impersonation(user: str | None, groups: tuple[str, ...]) -> None:
    """Make sure that the names can be sent.

    Raises:
        InputError: A name is empty or holds control characters, or there are groups without a user.

    """
    if groups and not user:
        raise InputError("A group is impersonated only together with a user.")
    for name in (user, *groups):
        if name is not None and (not name or not name.isprintable()):
            raise InputError("The user or group to impersonate is no printable name.")


_current: ContextVar[Identity | None] = ContextVar("odh_nim_cluster_identity", default=None)


@contextmanager
def use_identity(identity: Identity) -> Iterator[None]:
    """Make every request inside the block as this caller."""
    before = _current.set(identity)
    try:
        yield
    finally:
        _current.reset(before)


def current_identity() -> Identity | None:
    """Give the caller of this moment, if one is set."""
    return _current.get()
