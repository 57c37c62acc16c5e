"""The faults that a proxy plays, the calls that it saw, and which call gets which fault."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, urlsplit


class Fault(StrEnum):
    """What happens to one call."""

    CONFLICT = "409"
    EXISTS = "409-exists"
    FORBIDDEN = "403-rbac"
    QUOTA = "403-quota"
    TERMINATING = "403-terminating"
    INVALID = "422"
    BUSY = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    GATEWAY = "504"
    UNAUTHORIZED = "401"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    # Neither forwarded nor answered; and: stored, but never answered.
    HANG_BEFORE = "hang-before"
    HANG_AFTER = "hang-after"
    KILL_BEFORE = "kill-before"
    KILL_AFTER = "kill-after"


# Faults that the other side never learns of.
UNSEEN: Final = frozenset(
    set(Fault)
    - {Fault.RESET_AFTER, Fault.TRUNCATED, Fault.GARBAGE, Fault.HANG_AFTER, Fault.KILL_AFTER}
)
STATUS: Final[dict[Fault, tuple[int, str, str]]] = {
    Fault.UNAUTHORIZED: (401, "Unauthorized", "Unauthorized"),
    Fault.CONFLICT: (
        409,
        "Conflict",
        (
            "Operation cannot be fulfilled: the object has been modified; please apply your "
            "changes to the latest version and try again"
        ),
    ),
    Fault.EXISTS: (409, "AlreadyExists", "the object already exists"),
    Fault.FORBIDDEN: (
        403,
        "Forbidden",
        'it is forbidden: User "alice" cannot do this in API group "" in the namespace',
    ),
    Fault.QUOTA: (
        403,
        "Forbidden",
        (
            "it is forbidden: exceeded quota: compute, requested: count/things=1, used: "
            "count/things=2, limited: count/things=2"
        ),
    ),
    Fault.TERMINATING: (
        403,
        "Forbidden",
        "unable to create new content in namespace because it is being terminated",
    ),
    Fault.INVALID: (422, "Invalid", "it is invalid: spec: Invalid value: it is not right"),
    Fault.BUSY: (429, "TooManyRequests", "too many requests, please try again later"),
    Fault.SERVER_ERROR: (500, "InternalError", "Internal error occurred: it broke"),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable", "the server is currently unable to handle it"),
    Fault.GATEWAY: (504, "Timeout", "the server did not answer in time"),
}


@dataclass
class Call:
    """One request as it came in; `status` is the other side's, None where it never got there.

    `index` is its number among those that count, -1 where it does not count; `began` and `ended`
    are moments of the event loop.
    """

    method: str
    target: str
    body: bytes = field(repr=False)
    index: int = -1
    status: int | None = None
    fault: Fault | None = None
    began: float = 0.0
    ended: float = 0.0
    # What it logged in with: every Authorization header.
    logins: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def dry_run(self) -> bool:
        return parse_qs(urlsplit(self.target).query).get("dryRun") == ["All"]

    @property
    def is_write(self) -> bool:
        """Whether it would change something that stays; reviews of rights do not."""
        reviews = "/selfsubject" in self.path or "/tokenreviews" in self.path
        return self.method not in ("GET", "HEAD") and not self.dry_run and not reviews


@dataclass(frozen=True)
class Plan:
    """Which call gets which fault, and how many in a row (None: all that follow)."""

    at: int
    fault: Fault
    times: int | None = 1

    def covers(self, index: int) -> bool:
        return index >= self.at and (self.times is None or index < self.at + self.times)
