"""Errors on the wire: I7, R-EXT-06."""

import inspect

import pytest

from odh_nim.domain import errors
from odh_nim.domain.finding import Finding, Severity
from odh_nim.web.problems import describe_error, status_of

# What only the command line, the air gap, the sandbox and the generator meet.
ELSEWHERE = (
    errors.AirGapError, errors.RegistryError, errors.SandboxError, errors.OutputError,
    errors.UpgradeIncompleteError, errors.UpgradeUnfinishedError, errors.MigrationFailedError,
    errors.NotReadyError,
)  # fmt: skip


def of_the_web() -> list[type[errors.OdhNimError]]:
    found = inspect.getmembers(errors, inspect.isclass)
    return [
        one
        for _, one in found
        if issubclass(one, errors.OdhNimError)
        and one is not errors.OdhNimError
        and not issubclass(one, ELSEWHERE)
    ]


@pytest.mark.parametrize("kind", of_the_web(), ids=lambda kind: kind.__name__)
def test_every_error_that_a_route_can_meet_has_a_status_of_its_own(
    kind: type[errors.OdhNimError],
) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "message")
    error.message, error.remedy = "message", ""
    if "cause" in inspect.signature(kind.__init__).parameters:
        error.cause = errors.ForbiddenError("do it", "no", status=403)  # type: ignore[attr-defined]

    assert status_of(error) != 500


def test_a_failed_deployment_says_what_stays_and_answers_as_its_cause() -> None:
    """R-DEP-08, UI-25."""
    left = Finding(Severity.ERROR, "leftover", "Secret/x", "it stays.", "Remove it: kubectl …")
    quota = errors.QuotaExceededError("create it", "quota", status=403)
    problem = describe_error(errors.DeployFailedError("llama", quota, [left]))

    assert problem["status"] == 409
    assert problem["type"] == "urn:odh-nim:problem:deploy-failed"
    assert problem["leftovers"][0]["remedy"] == "Remove it: kubectl …"
    assert "\n" not in problem["detail"]


def test_a_conflict_of_an_edit_shows_the_difference() -> None:
    """R-DEP-24."""
    problem = describe_error(errors.EditConflictError("llama", "team-a", "-a\n+b"))

    assert (problem["status"], problem["diff"]) == (409, "-a\n+b")
    assert problem["detail"].endswith("nothing was written.")
