"""Errors as RFC 9457 describes them: `application/problem+json` with a stable `type`.

What was sent is never repeated: FastAPI's own answer to a wrong body holds the rejected value, and
that value can be a key.
"""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from odh_nim.domain import errors
from odh_nim.domain.finding import Finding
from odh_nim.web.faults import StoppedError, TooOftenError
from odh_nim.web.schemas import field_names

PROBLEM: Final = "application/problem+json"
# For the OpenAPI document.
TOO_OFTEN: Final[dict[str, Any]] = {
    "description": "Asked too often; `Retry-After` says when there is a place again.",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
}
_LOG: Final = logging.getLogger("odh_nim.web")
# The first class that fits decides, so the narrower ones come first.
_STATUS: Final[tuple[tuple[type[errors.OdhNimError], int], ...]] = (
    (errors.UnauthorizedError, 401),
    (errors.QuotaExceededError, 409),
    (errors.NamespaceTerminatingError, 409),
    (errors.ForbiddenError, 403),
    (errors.NotFoundError, 404),
    (errors.UnknownModelError, 404),
    (errors.KeyMissingError, 404),
    (errors.AlreadyExistsError, 409),
    (errors.ConflictError, 409),
    (errors.SecretConflictError, 409),
    (errors.EditConflictError, 409),
    (errors.KeyInUseError, 409),
    (errors.DeleteFailedError, 409),
    (errors.RotationTakenBackError, 409),
    (errors.RotationUnfinishedError, 409),
    (errors.RejectedError, 422),
    (errors.InputError, 422),
    (errors.KeyRefusedError, 422),
    (errors.PullRefusedError, 422),
    (errors.PreflightError, 422),
    (errors.BusyError, 503),
    (errors.NgcError, 503),
    (errors.ClusterError, 502),
    (errors.CatalogError, 503),
    (TooOftenError, 429),
    (StoppedError, 503),
)


def problem(
    status: int,
    kind: str,
    detail: str,
    *,
    remedy: str = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    """Build one problem; `kind` is its stable name."""
    body = {
        "type": f"urn:odh-nim:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **({"remedy": remedy} if remedy else {}),
        **more,
    }
    return Response(msgspec.json.encode(body), status, media_type=PROBLEM, headers=headers)


def problem_of(error: errors.OdhNimError) -> Response:
    """Build the problem of an expected error."""
    wait = getattr(error, "retry_after", None)
    return Response(
        msgspec.json.encode(describe_error(error)),
        status_of(error),
        media_type=PROBLEM,
        headers={"Retry-After": str(wait)} if wait else None,
    )


def describe_error(error: errors.OdhNimError) -> dict[str, Any]:
    """Give the members of an expected error's problem, also for the end of an event stream."""
    more: dict[str, Any] = {}
    for member in ("findings", "leftovers"):
        if found := getattr(error, member, ()):
            more[member] = describe_findings(found)
    if isinstance(error, errors.EditConflictError):
        more["diff"] = error.diff
    status = status_of(error)
    return {
        "type": f"urn:odh-nim:problem:{_kind(type(error))}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        # Further lines repeat the findings, which are here as data.
        "detail": _first_line(error.message) if more else error.message,
        **({"remedy": error.remedy} if error.remedy else {}),
        **more,
    }


def _known(part: str | int) -> str:
    return str(part) if isinstance(part, int) or part in field_names() else "?"


def _first_line(message: str) -> str:
    return message.partition("\n")[0].removesuffix(" Their change:")


def describe_findings(findings: Iterable[Finding | str]) -> list[dict[str, str]]:
    """Give findings as the page reads them."""
    return [
        {
            "severity": finding.severity.value,
            "code": finding.code,
            "subject": finding.subject,
            "message": finding.message,
            "remedy": finding.remedy,
        }
        if isinstance(finding, Finding)
        else {
            "severity": "error",
            "code": "left-over",
            "subject": finding,
            "message": "It is still there.",
            "remedy": "",
        }
        for finding in findings
    ]


def status_of(error: errors.OdhNimError) -> int:
    """Choose the HTTP status of an expected error."""
    cause = getattr(error, "cause", None)
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    if isinstance(cause, errors.OdhNimError):
        return status_of(cause)
    return 500


def handle_problems(app: FastAPI) -> None:
    """Answer every error with a problem."""

    async def expected(_: Request, error: Exception) -> Response:
        assert isinstance(error, errors.OdhNimError)
        return problem_of(error)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # `input` and `ctx` hold what was sent, and `loc` the name of a field that nobody knows.
        faults = [
            {"loc": [_known(part) for part in fault["loc"]], "type": fault["type"]}
            | {"msg": "" if fault["type"] == "value_error" else str(fault["msg"])}
            for fault in error.errors()
        ]
        places = ", ".join(".".join(fault["loc"][1:]) or "the body" for fault in faults[:5])
        return problem(422, "invalid-request", f"Not usable: {places}.", errors=faults)

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = error.status_code
        headers = dict(error.headers) if error.headers else None
        return problem(status, f"http-{status}", HTTPStatus(status).description, headers=headers)

    async def unexpected(request: Request, error: Exception) -> Response:
        # The class and the place, not the text: it may hold what was sent.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        _LOG.error("%s %s: %s at %s", request.method, request.url.path, type(error).__name__, where)
        return problem(500, "internal", "The server has a fault; nothing more is known.")

    app.add_exception_handler(errors.OdhNimError, expected)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _kind(error: type[errors.OdhNimError]) -> str:
    """Turn a class's name into a stable word: `SecretConflictError` → `secret-conflict`."""
    name = error.__name__.removesuffix("Error")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
