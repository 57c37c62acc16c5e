"""Is this key good: what every answer, and every silence, of NVIDIA means."""

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyRefusedError, NgcUnavailableError
from odh_nim.domain.finding import Severity
from odh_nim.domain.image import ImageReference
from odh_nim.keys import KeyState, check, check_key, check_key_for_images, pull_findings
from support.keys import CANARY, Caller, FakeNvidia, FakeRegistry, Pull

KEY = ApiKey(CANARY)
SPEECH = ImageReference("nim/nvidia/riva-asr", "1.3.0")
LLAMA = ImageReference("nim/meta/llama-3.1-8b-instruct", "1.8.5")


@pytest.mark.anyio
async def test_known_key_is_valid_without_a_remark() -> None:
    """R-KEY-04."""
    answer = await check_key(FakeNvidia(), KEY)

    assert answer.state is KeyState.VALID
    assert answer.notices == ()
    answer.require()


@pytest.mark.anyio
async def test_refused_key_may_not_go_on() -> None:
    """R-KEY-04."""
    answer = await check_key(FakeNvidia(KeyRefusedError()), KEY)

    assert answer.state is KeyState.REFUSED
    with pytest.raises(KeyRefusedError):
        answer.require()


@pytest.mark.anyio
async def test_silence_is_neither_yes_nor_no() -> None:
    """R-KEY-04; UI-08."""
    answer = await check_key(FakeNvidia(NgcUnavailableError("api.ngc.nvidia.com", "429")), KEY)

    assert answer.state is KeyState.COULD_NOT_ASK
    with pytest.raises(NgcUnavailableError, match="neither accepted nor refused"):
        answer.require()


@pytest.mark.anyio
async def test_check_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-KEY-04: within a time."""
    monkeypatch.setattr(check, "_SECONDS", 0.01)

    answer = await check_key(FakeNvidia(None), KEY)

    assert answer.state is KeyState.COULD_NOT_ASK
    assert "no answer within" in str(answer.error)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("caller", "codes"),
    [
        (Caller("SERVICE_KEY"), ["key-type"]),
        (Caller(products=("nim",)), ["key-products"]),
        (Caller("CLUSTER_KEY", ()), ["key-type", "key-products"]),
        # An empty answer says nothing, so there is nothing to remark.
        (Caller(None, None), []),
    ],
)
async def test_other_kinds_of_keys_are_valid_with_a_notice(
    caller: Caller, codes: list[str]
) -> None:
    """R-KEY-05."""
    answer = await check_key(FakeNvidia(caller), KEY)

    assert answer.state is KeyState.VALID
    assert [notice.code for notice in answer.notices] == codes
    assert {notice.severity for notice in answer.notices} <= {Severity.NOTICE}


@pytest.mark.anyio
async def test_control_characters_in_a_foreign_type_are_taken_out() -> None:
    """R-KEY-05; S24."""
    answer = await check_key(FakeNvidia(Caller("EVIL\x1b[31m\nKEY")), KEY)

    assert "\x1b" not in answer.notices[0].message
    assert "\n" not in answer.notices[0].message


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("outcome", "blocks", "severity"),
    [
        ("key-refused", True, Severity.ERROR),
        ("no-entitlement", True, Severity.ERROR),
        ("terms-not-accepted", True, Severity.ERROR),
        ("unknown-image", True, Severity.ERROR),
        ("region", False, Severity.WARNING),
        ("could-not-ask", False, Severity.WARNING),
    ],
)
async def test_registry_answer_becomes_a_finding_with_its_remedy(
    outcome: str, *, blocks: bool, severity: Severity
) -> None:
    """R-KEY-09."""
    registry = FakeRegistry({str(SPEECH): Pull(outcome, blocks, "No.", "Do this.")})

    (finding,) = await pull_findings(registry, KEY, [LLAMA, SPEECH])

    assert (finding.severity, finding.code) == (severity, f"pull-{outcome}")
    assert (finding.subject, finding.message, finding.remedy) == (str(SPEECH), "No.", "Do this.")


@pytest.mark.anyio
async def test_image_named_twice_is_asked_about_once() -> None:
    registry = FakeRegistry()

    assert await pull_findings(registry, KEY, [LLAMA, LLAMA, SPEECH]) == []
    assert registry.asked == [str(LLAMA), str(SPEECH)]


@pytest.mark.anyio
async def test_refused_key_is_one_fault_and_not_one_per_image() -> None:
    """R-KEY-09."""
    registry = FakeRegistry({str(LLAMA): Pull("key-refused", blocks=True)})

    answer = await check_key_for_images(FakeNvidia(KeyRefusedError()), registry, KEY, [LLAMA])

    assert answer.key.state is KeyState.REFUSED
    assert answer.pulls == ()
