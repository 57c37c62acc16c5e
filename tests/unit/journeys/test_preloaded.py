"""What a deployment makes of claims whose weights were put in beforehand."""

from dataclasses import replace
from typing import Any

import pytest

from odh_nim.domain.deployment_spec import EnvVar, ExistingClaim, KeyChoice
from odh_nim.domain.finding import Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.preloaded import Preloaded, preload_marks
from odh_nim.journeys.choice import Wish, choose, select
from odh_nim.journeys.key_use import KeyUse
from odh_nim.journeys.preloaded import PreloadedClaims, find_preloaded
from odh_nim.journeys.site import SiteReader
from support.cluster import FakeCluster
from support.deployments import LLAMA, spec
from support.projects import PROJECT, claim, world

PROFILE = "NIM_MODEL_PROFILE"
FILLED = Preloaded(
    "weights", str(LLAMA.image("1.8.5")), "sha256:" + "a" * 64, ("tp1", "tp2"), 10**10
)
CLAIMS = PreloadedClaims((FILLED,))
USING = spec(storage=ExistingClaim("weights"))


def marked(name: str, **changes: Any) -> Manifest:
    found = claim(name)
    marks = preload_marks(replace(FILLED, claim=name))["metadata"]
    found["metadata"] |= {**marks, **changes}
    return found


def test_the_profile_and_the_folder_come_from_the_claim() -> None:
    """AG-52, R-AIR-05."""
    claims = PreloadedClaims((replace(FILLED, sub_path="llama"),))

    done = claims.complete(USING)

    assert done.env == (EnvVar(PROFILE, "tp1"),)
    assert done.storage == ExistingClaim("weights", "llama")
    [said] = claims.findings(done, collects_keys=False)
    assert (said.severity, said.code) == (Severity.NOTICE, "preloaded")
    assert f"{PROFILE} is tp1" in said.message
    assert "It has tp1, tp2" in said.message
    # Asked again, as for the plan that follows a key: nothing is set twice.
    assert claims.complete(done) == done


def test_what_a_person_chose_stays() -> None:
    """AG-52."""
    wanted = replace(USING, storage=ExistingClaim("weights", "mine"), env=(EnvVar(PROFILE, "tp2"),))

    done = PreloadedClaims((replace(FILLED, sub_path="llama"),)).complete(wanted)

    assert done == wanted
    assert [one.code for one in CLAIMS.findings(done, collects_keys=True)] == ["preloaded"]


@pytest.mark.parametrize("value", ["tp8", ""])
def test_a_profile_that_is_not_in_the_claim_is_told(value: str) -> None:
    wanted = replace(USING, env=(EnvVar(PROFILE, value),))

    [said] = CLAIMS.findings(CLAIMS.complete(wanted), collects_keys=True)

    assert (said.severity, said.code) == (Severity.WARNING, "preloaded-profile")
    assert "tp1, tp2" in said.message


def test_a_profile_behind_a_reference_is_left_alone() -> None:
    reference = {"configMapKeyRef": {"name": "site", "key": "profile"}}
    wanted = replace(USING, env=(EnvVar(PROFILE, None, reference),))

    done = CLAIMS.complete(wanted)

    assert done == wanted
    assert [one.code for one in CLAIMS.findings(done, collects_keys=True)] == ["preloaded"]


def test_weights_of_another_image_set_nothing_and_are_told() -> None:
    claims = PreloadedClaims((replace(FILLED, image="nvcr.io/nim/meta/other:1.0.0"),))

    done = claims.complete(USING)

    assert done == USING
    [said] = claims.findings(done, collects_keys=True)
    assert (said.severity, said.code) == (Severity.WARNING, "preloaded-other")
    assert "other:1.0.0" in said.message


@pytest.mark.parametrize(
    ("collects", "severity"), [(True, Severity.NOTICE), (False, Severity.WARNING)]
)
def test_a_new_claim_hears_of_those_that_have_the_weights(
    collects: bool,  # noqa: FBT001 - pytest passes by name
    severity: Severity,
) -> None:
    """R-AIR-05: without a key a new claim would stay empty for ever."""
    claims = PreloadedClaims((replace(FILLED, claim="a"), FILLED))

    done = claims.complete(spec())

    assert done == spec()
    [said] = claims.findings(done, collects_keys=collects)
    assert (said.severity, said.code) == (severity, "preloaded-there")
    assert "pvc:a" in said.remedy
    assert PreloadedClaims().findings(spec(), collects_keys=collects) == ()


def test_another_claim_is_none_of_our_business() -> None:
    wanted = spec(storage=ExistingClaim("other"))

    assert CLAIMS.complete(wanted) == wanted
    assert CLAIMS.findings(wanted, collects_keys=False) == ()


def test_an_image_without_profiles_chooses_none() -> None:
    """AG-51: `native-v1`."""
    claims = PreloadedClaims((replace(FILLED, profiles=()),))

    assert claims.complete(USING) == USING
    assert [one.code for one in claims.findings(USING, collects_keys=False)] == ["preloaded"]


@pytest.mark.anyio
async def test_complete_claims_are_found_and_no_others() -> None:
    cluster = FakeCluster(
        marked("b"),
        marked("a"),
        claim("plain"),
        marked("unfinished", labels={}),
        marked("going", deletionTimestamp="2026-01-01T00:00:00Z"),
        marked("torn", annotations={}),
    )

    found = await find_preloaded(cluster, PROJECT)

    assert [one.claim for one in found.claims] == ["a", "b"]


@pytest.mark.anyio
async def test_who_may_not_look_at_claims_finds_none() -> None:
    cluster = FakeCluster(marked("a"))
    cluster.forbidden = {"list PersistentVolumeClaim"}

    assert (await find_preloaded(cluster, PROJECT)).claims == ()


@pytest.mark.anyio
async def test_the_pages_plan_uses_the_claim_that_was_chosen() -> None:
    """AG-52, R-AIR-05: what the wizard's API plans."""
    cluster = world(marked("weights"))
    site = await SiteReader(None).read(cluster)
    wish = Wish(
        PROJECT,
        build=lambda chosen: spec(
            model=chosen.model, key=chosen.key, storage=ExistingClaim("weights")
        ),
        key=LLAMA.key,
        tag="1.8.5",
    )

    choice = await choose(cluster, select(wish, site))

    assert EnvVar(PROFILE, "tp1") in choice.plan(KeyUse(KeyChoice.PROJECT)).spec.env
    assert "preloaded" in [one.code for one in choice.findings]
