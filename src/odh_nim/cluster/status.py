"""What an answer that is no success means: pure, from status and body to one of our errors.

The server's text is foreign: it is cut, cleaned of control characters, and never holds what we
sent, because the API server names fields and not their content for the kinds we write.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec

from odh_nim.cluster.call import Answer, Call
from odh_nim.cluster.status_text import (
    clean,
    conflict_cause,
    forbidden_cause,
    invalid_cause,
    quota_cause,
    without_prefix,
)
from odh_nim.domain.errors import (
    AlreadyExistsError,
    BusyError,
    ClusterError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    KindNotServedError,
    NamespaceTerminatingError,
    NotFoundError,
    QuotaExceededError,
    RejectedError,
    ServerError,
    UnauthorizedError,
)

_DENIAL: Final = re.compile(
    r"admission webhook \"(?P<webhook>[^\"]*)\" denied the request(?:: (?P<text>.*))?", re.DOTALL
)
_POLICY: Final = re.compile(
    r"ValidatingAdmissionPolicy '(?P<webhook>[^']*)'.*? denied request: (?P<text>.*)", re.DOTALL
)
_WEBHOOK_FAILED: Final = "failed calling webhook"
_LONG: Final = 400


class Again(Enum):
    """Whether the same request may be sent once more."""

    NEVER = "never"
    # Only what does once what it does twice: a write may have been stored.
    IDEMPOTENT = "idempotent"
    # Nothing was stored, for certain.
    ALWAYS = "always"


class Cause(msgspec.Struct):
    """One reason in a `Status`."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, rename="camel"):
    """What a `Status` is about."""

    name: str = ""
    kind: str = ""
    causes: list[Cause] | None = None
    retry_after_seconds: int = 0


class Status(msgspec.Struct):
    """The API server's own description of an outcome."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None

    @property
    def causes(self) -> list[Cause]:
        """The reasons, if any are given."""
        return (self.details and self.details.causes) or []

    @property
    def about(self) -> Details:
        """What it is about; empty where it does not say."""
        return self.details or Details()


@dataclass(frozen=True)
class Outcome:
    """The error of an answer, and whether another try makes sense."""

    error: ClusterError
    again: Again = Again.NEVER
    retry_after: float | None = None


def outcome_of(answer: Answer, call: Call) -> Outcome:
    """Read an answer that is no success."""
    status = parse_status(answer.body) or Status()
    wait = answer.retry_after
    if wait is None and status.about.retry_after_seconds > 0:
        wait = float(status.about.retry_after_seconds)
    error, again = error_of(status, answer.status, call)
    return Outcome(error, again, wait)


def parse_status(body: bytes) -> Status | None:
    """Read a `Status`; None where the body is something else."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return status if status.kind == "Status" else None


def error_of(status: Status, code: int, call: Call) -> tuple[ClusterError, Again]:
    """Find the error of a `Status`, which a watch also sends inside its stream."""
    denial = _DENIAL.search(status.message) or _POLICY.search(status.message)
    if denial is not None and 400 <= code < 500:  # noqa: PLR2004 - the class of refusals
        return _denied(denial, code, call), Again.NEVER
    found = _BY_CODE.get(code)
    if found is not None:
        return found(status, code, call)
    if 300 <= code < 400:  # noqa: PLR2004 - the class of redirects
        cause = f"the server answered with a redirect ({code}), which is not followed."
        return ServerError(call.operation, cause, status=code), Again.NEVER
    if 400 <= code < 500:  # noqa: PLR2004 - as above
        return RejectedError(call.operation, _said(status, code), status=code), Again.NEVER
    return ServerError(call.operation, _said(status, code), status=code), Again.NEVER


_Found = tuple[ClusterError, Again]


def _said(status: Status, code: int) -> str:
    text = clean(without_prefix(status.message), _LONG).rstrip(".")
    return f"{text}." if text else f"the server answered {code}."


def _denied(denial: re.Match[str], code: int, call: Call) -> RejectedError:
    text = clean(denial["text"] or "it gave no reason", _LONG).rstrip(".")
    webhook = clean(denial["webhook"])
    return RejectedError(call.operation, f"{text} (refused by {webhook}).", status=code)


def _unauthorized(status: Status, code: int, call: Call) -> _Found:  # noqa: ARG001 - one shape
    error = UnauthorizedError(
        call.operation,
        "the login is missing, wrong or has expired.",
        status=code,
        remedy="Log in again, then repeat the command.",
    )
    return error, Again.NEVER


def _forbidden(status: Status, code: int, call: Call) -> _Found:
    if (quota := quota_cause(status.message)) is not None:
        return QuotaExceededError(
            call.operation,
            quota,
            status=code,
            remedy="Free some of it, ask for less, or ask an admin for a larger quota.",
        ), Again.NEVER
    terminating = any(cause.reason == "NamespaceTerminating" for cause in status.causes)
    if terminating or "because it is being terminated" in status.message:
        cause = "the project is being deleted; nothing can be created in it any more."
        return NamespaceTerminatingError(call.operation, cause, status=code), Again.NEVER
    if (missing := forbidden_cause(status.message)) is not None:
        return ForbiddenError(
            call.operation, missing, status=code, remedy="Ask an admin for a role that allows it."
        ), Again.NEVER
    return ForbiddenError(call.operation, _said(status, code), status=code), Again.NEVER


def _not_found(status: Status, code: int, call: Call) -> _Found:
    # An unknown type is answered by a plain page, or by a Status that names no object.
    if not status.about.name:
        cause = "this cluster does not serve the type."
        return KindNotServedError(call.operation, cause, status=code), Again.NEVER
    return NotFoundError(call.operation, _said(status, code), status=code), Again.NEVER


def _conflict(status: Status, code: int, call: Call) -> _Found:
    if status.reason == "AlreadyExists":
        cause = "an object of this name exists already."
        if status.message.startswith("object is being deleted"):
            cause = "an object of this name is still being deleted."
        return AlreadyExistsError(call.operation, cause, status=code), Again.NEVER
    if status.about.kind == "resourcequotas" and call.method == "POST":
        # Two creates counted at once; the quota is checked before anything is stored.
        cause = "the project's quota is being counted."
        return BusyError(
            call.operation, cause, status=code, remedy="Try again a little later."
        ), Again.ALWAYS
    owned = [
        (cause.field, cause.message)
        for cause in status.causes
        if cause.reason == "FieldManagerConflict"
    ]
    return ConflictError(
        call.operation,
        conflict_cause(status.message, owned),
        status=code,
        remedy="Look at it, then repeat the command.",
    ), Again.NEVER


def _expired(status: Status, code: int, call: Call) -> _Found:  # noqa: ARG001 - one shape
    return ExpiredError(
        call.operation, "the place in the list is too old; it must be read anew.", status=code
    ), Again.NEVER


def _invalid(status: Status, code: int, call: Call) -> _Found:
    causes = [(cause.field, cause.message) for cause in status.causes]
    text = invalid_cause(causes) or _said(status, code)
    return RejectedError(call.operation, text, status=code), Again.NEVER


def _busy(status: Status, code: int, call: Call) -> _Found:  # noqa: ARG001 - one shape
    return BusyError(
        call.operation, "the cluster is busy.", status=code, remedy="Try again a little later."
    ), Again.ALWAYS


def _unavailable(status: Status, code: int, call: Call) -> _Found:
    said = _said(status, code)
    if call.stores:
        return ServerError(call.operation, said, status=code), Again.IDEMPOTENT
    return BusyError(
        call.operation, said, status=code, remedy="Try again a little later."
    ), Again.IDEMPOTENT


def _internal(status: Status, code: int, call: Call) -> _Found:
    error = ServerError(call.operation, _said(status, code), status=code)
    # Webhooks are asked before anything is stored.
    return error, Again.ALWAYS if _WEBHOOK_FAILED in status.message else Again.NEVER


def _gateway(status: Status, code: int, call: Call) -> _Found:
    return ServerError(call.operation, _said(status, code), status=code), Again.IDEMPOTENT


_BY_CODE: Final[dict[int, Callable[[Status, int, Call], _Found]]] = {
    400: _invalid,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    410: _expired,
    422: _invalid,
    429: _busy,
    500: _internal,
    502: _gateway,
    503: _unavailable,
    504: _gateway,
}
