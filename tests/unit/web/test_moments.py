"""What a login was told holds for a moment, for that login alone: S1, S22, T12, R-CFG-08."""

import asyncio

import pytest

from odh_nim.cluster import Identity, use_identity
from odh_nim.domain.errors import OdhNimError
from odh_nim.web.moments import Moments, login_of_caller
from odh_nim.web.services import _FRESH
from support.web import World, browser

pytestmark = pytest.mark.anyio


class Source:
    def __init__(self) -> None:
        self.asked = 0
        self.error: OdhNimError | None = None

    async def ask(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return self.asked


async def test_many_questions_at_once_are_one_and_later_ones_are_new() -> None:
    """S22, T12."""
    now, source = [0.0], Source()
    moments: Moments[int] = Moments(10, lambda: now[0])

    answers = await asyncio.gather(*(moments.get("a", source.ask) for _ in range(5)))
    assert list(answers) == [1] * 5
    now[0] = 9.9
    assert await moments.get("a", source.ask) == 1
    now[0] = 10.0
    assert await moments.get("a", source.ask) == 2


async def test_another_login_is_asked_for_itself() -> None:
    """S1."""
    source = Source()
    moments: Moments[int] = Moments(10)

    assert await moments.get("a", source.ask) == 1
    assert await moments.get("b", source.ask) == 2


async def test_a_failure_is_not_kept() -> None:
    source, moments = Source(), Moments[int](10)
    source.error = OdhNimError("no")
    with pytest.raises(OdhNimError):
        await moments.get("a", source.ask)
    source.error = None

    assert await moments.get("a", source.ask) == 2


async def test_one_who_leaves_does_not_end_it_for_the_others() -> None:
    source, moments = Source(), Moments[int](10)
    leaving = asyncio.ensure_future(moments.get("a", source.ask))
    staying = asyncio.ensure_future(moments.get("a", source.ask))
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == 1


def test_logins_are_told_apart_by_their_token_which_is_not_kept() -> None:
    """S1, S7."""
    with use_identity(Identity(token="one")):
        one = login_of_caller()
    with use_identity(Identity(token="two")):
        two = login_of_caller()

    assert len({one, two, login_of_caller()}) == 3
    assert "one" not in one


def test_a_changed_configuration_counts_within_half_a_minute() -> None:
    """R-CFG-08."""
    assert _FRESH < 30
    world = World()
    with browser(world.app()) as client:
        assert client.get("/api/v1/configuration").json()["validateKeys"] is True
        world.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "odh-nim-config", "namespace": "opendatahub"},
                "data": {"nimConfig": "disableKeyValidation: true"},
            }
        )
        assert world.services is not None
        world.services._sites._clock = lambda: 1e12

        assert client.get("/api/v1/configuration").json()["validateKeys"] is False
