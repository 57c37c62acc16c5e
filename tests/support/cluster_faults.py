"""Faults that a fake cluster plays on order."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from odh_nim.domain.errors import (
    BusyError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    NamespaceTerminatingError,
    QuotaExceededError,
    RejectedError,
    ServerError,
    UnauthorizedError,
    UnclearReplyError,
    UnreachableError,
)


class Fault(StrEnum):
    """What goes wrong with one call."""

    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after the call was carried out"
    SERVER_ERROR = "500, not carried out"
    SERVER_ERROR_AFTER = "500, carried out"
    BUSY = "busy"
    FORBIDDEN = "forbidden"
    QUOTA = "quota"
    TERMINATING = "terminating"
    UNAUTHORIZED = "unauthorized"
    REJECTED = "rejected"
    CONFLICT = "conflict"

    @property
    def is_after(self) -> bool:
        return self in (Fault.RESET_AFTER, Fault.SERVER_ERROR_AFTER)

    def error(self, operation: str) -> ClusterError:
        return _ERRORS[self](operation)


_ERRORS: dict[Fault, Callable[[str], ClusterError]] = {
    Fault.RESET_BEFORE: lambda what: UnreachableError(what, "connection reset"),
    Fault.RESET_AFTER: lambda what: UnclearReplyError(what, "connection reset"),
    Fault.SERVER_ERROR: lambda what: ServerError(what, "internal error", status=500),
    Fault.SERVER_ERROR_AFTER: lambda what: ServerError(what, "internal error", status=500),
    Fault.BUSY: lambda what: BusyError(what, "too many requests", status=429),
    Fault.FORBIDDEN: lambda what: ForbiddenError(what, "forbidden", status=403),
    Fault.QUOTA: lambda what: QuotaExceededError(what, "exceeded quota", status=403),
    Fault.TERMINATING: lambda what: NamespaceTerminatingError(
        what, "the namespace is being terminated", status=403
    ),
    Fault.UNAUTHORIZED: lambda what: UnauthorizedError(what, "unauthorized", status=401),
    Fault.REJECTED: lambda what: RejectedError(what, "denied by a webhook", status=422),
    Fault.CONFLICT: lambda what: ConflictError(what, "the object changed", status=409),
}


@dataclass
class Order:
    """A fault for the calls from index `at` on, or for those that start with `call`."""

    fault: Fault
    at: int | None = None
    call: str | None = None
    times: int = 1

    def takes(self, index: int, operation: str) -> bool:
        """Use the order up, if it is for this call."""
        if self.times <= 0:
            return False
        if self.at is not None and index < self.at:
            return False
        if self.call is not None and not operation.startswith(self.call):
            return False
        self.times -= 1
        return True
