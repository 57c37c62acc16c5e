"""What is shown of a key: everything but the key."""

from datetime import date

import pytest

from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.manifest import Manifest
from odh_nim.keys import PairKind, describe_key
from support.cluster import FakeCluster
from support.deployments import plan
from support.keys import CANARY, OTHER, key_secret, pull_secret
from support.leaks import leaks

pytestmark = pytest.mark.anyio
TODAY = date(2026, 6, 1)
REVISION = {"nim.opendatahub.io/key-revision": "r1"}


def expiring(day: str) -> FakeCluster:
    marks = {**REVISION, "nim.opendatahub.io/key-expires": day}
    return FakeCluster(key_secret(annotations=marks), pull_secret())


@pytest.mark.parametrize(
    ("day", "left", "warned"),
    [
        ("2026-06-16", 15, False),
        ("2026-06-15", 14, True),
        ("2026-06-01", 0, True),
        ("2026-05-30", -2, True),
        ("someday", None, False),
    ],
)
async def test_noted_end_is_warned_of_two_weeks_before(
    day: str, left: int | None, *, warned: bool
) -> None:
    """R-KEY-15, R-KEY-11; UI-10."""
    report = await describe_key(expiring(day), "team-a", today=TODAY)

    assert report.days_left == left
    assert [one.code for one in report.findings] == (["key-expires"] if warned else [])


async def test_users_are_shown_and_the_key_is_not() -> None:
    """R-KEY-15."""
    cluster = FakeCluster(key_secret(), pull_secret(), *plan().objects)

    report = await describe_key(cluster, "team-a", today=TODAY)

    assert report.agree is True
    assert [user.name for user in report.users.of_this] == ["llama"]
    assert leaks(repr(report), CANARY) == []


async def test_secrets_that_differ_are_an_error_with_the_way_out() -> None:
    cluster = FakeCluster(key_secret(CANARY), pull_secret(OTHER))

    report = await describe_key(cluster, "team-a", today=TODAY)

    assert report.agree is False
    (finding,) = report.findings
    # Nothing tells which one is newer: there is nothing to resume.
    assert finding.code == "key-differs"
    assert "keys set -n team-a --replace" in finding.remedy
    assert leaks(repr(report), CANARY) + leaks(repr(report), OTHER) == []


async def test_half_of_a_rotation_is_to_be_resumed() -> None:
    """R-KEY-15, R-ROT-09."""
    newer = {**REVISION, "nim.opendatahub.io/key-rotated-from": "r1"}
    cluster = FakeCluster(key_secret(CANARY, annotations=newer), pull_secret(OTHER))

    report = await describe_key(cluster, "team-a", today=TODAY)

    (finding,) = report.findings
    assert "keys rotate -n team-a --resume" in finding.remedy


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (key_secret(), "Secret/nvidia-nim-image-pull"),
        (pull_secret(), "Secret/nvidia-nim-secrets"),
    ],
)
async def test_missing_secret_is_named_with_the_way_out(there: Manifest, missing: str) -> None:
    """R-KEY-15."""
    report = await describe_key(FakeCluster(there), "team-a", today=TODAY)

    assert (report.state.kind, report.agree) == (PairKind.INCOMPLETE, None)
    (finding,) = report.findings
    assert (finding.code, finding.subject) == ("key-incomplete", missing)
    assert "keys set -n team-a --replace" in finding.remedy


async def test_copy_of_an_administrators_key_is_suspected() -> None:
    """R-KEY-14, R-KEY-15."""
    cluster = FakeCluster(key_secret(labels={}, fields=("NGC_API_KEY",)))

    report = await describe_key(cluster, "team-a", today=TODAY)

    assert report.looks_copied
    assert [one.code for one in report.findings] == ["key-foreign"]


async def test_absent_key_is_no_fault() -> None:
    report = await describe_key(FakeCluster(), "team-a", today=TODAY)

    assert (report.agree, report.findings, report.users.of_this) == (None, (), ())


async def test_list_that_fails_is_not_taken_for_nobody() -> None:
    """R-KEY-17."""
    cluster = FakeCluster(key_secret(), pull_secret())
    cluster.forbidden.add("list ServingRuntime")

    with pytest.raises(ForbiddenError):
        await describe_key(cluster, "team-a", today=TODAY)
