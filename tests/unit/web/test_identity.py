"""Who a request comes from: S1, S3, R-EXT-05."""

import pytest

from odh_nim.web.app import WebConfig
from odh_nim.web.identity import LocalSession, Mode
from support.web import HOST, TOKEN, World, browser

SESSION = "/api/v1/session"


def test_the_callers_token_goes_with_every_call_and_nothing_else() -> None:
    """S1, R-EXT-05, T8."""
    world = World()
    with browser(world.app()) as client:
        answer = client.get(SESSION)

        assert (answer.status_code, answer.json()["user"]) == (200, "alice")
        assert set(world.cluster.tokens) == {TOKEN}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Forwarded-User", "admin")],
        [("X-Forwarded-User", "admin"), ("X-Remote-User", "admin")],
        [("X-Forwarded-Access-Token", "a"), ("X-Forwarded-Access-Token", "b")],
        [("X-Forwarded-Access-Token", "a"), ("x-forwarded-access-TOKEN", "a")],
        [("X-Forwarded-Access-Token", "")],
        [("X-Forwarded-Access-Token", "two words")],
        [("X-Forwarded-Access-Token", "tab\there")],
        [("Authorization", f"Bearer {TOKEN}")],
        [("Cookie", f"token={TOKEN}")],
    ],
    ids=str,
)
def test_without_one_good_token_there_is_no_api(headers: list[tuple[str, str]]) -> None:
    """S3, T8."""
    world = World()
    with browser(world.app(), token=None) as client:
        answer = client.request("GET", SESSION, headers=headers)

        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert world.cluster.calls == []


def test_a_user_named_by_a_header_is_nobody() -> None:
    """S3."""
    world = World()
    with browser(world.app(), **{"X-Forwarded-User": "admin"}) as client:
        assert client.get(SESSION).json()["user"] == "alice"


def test_a_token_that_the_api_server_refuses_is_answered_with_401() -> None:
    """F8, R-UI-13."""
    world = World()
    with browser(world.app(), token="expired") as client:
        answer = client.get("/api/v1/deployments")

        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:odh-nim:problem:unauthorized"


def test_the_proxy_may_pass_the_token_as_authorization() -> None:
    """S3."""
    world = World()
    app = world.app(WebConfig(token_header="Authorization"))
    with browser(app, token=None) as client:
        good = client.get(SESSION, headers={"Authorization": f"Bearer {TOKEN}"})
        basic = client.get(SESSION, headers={"Authorization": "Basic YTpi"})

        assert (good.status_code, basic.status_code) == (200, 401)


def local(world: World, session: LocalSession) -> WebConfig:
    # On a laptop no identity is set: the kubeconfig's own credentials are used.
    world.cluster.users[None] = "me"  # type: ignore[index]  # nobody is set
    return WebConfig(mode=Mode.LOCAL, session=session, hosts=frozenset({HOST}))


def test_on_a_laptop_the_ticket_is_good_once_and_the_cookie_from_then_on() -> None:
    """DESIGN 8, S3."""
    world, session = World(), LocalSession()
    ticket = session.ticket
    with browser(world.app(local(world, session)), token=None) as client:
        assert client.get(SESSION).status_code == 401

        start = client.get(f"/start?ticket={ticket}")
        cookie = start.headers["set-cookie"]

        assert (start.status_code, start.headers["location"]) == (303, "/")
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert client.get(SESSION).json()["user"] == "me"
        # The same browser may follow the address again; it changes nothing.
        assert client.get(f"/start?ticket={ticket}").status_code == 303
        client.cookies.clear()
        assert client.get(f"/start?ticket={ticket}").status_code == 401
        person = client.get(f"/start?ticket={ticket}", headers={"Accept": "text/html,*/*"})
        assert (person.status_code, "set-cookie" in person.headers) == (401, False)
        assert person.text.startswith("This address was used already. Run `odh-nim ui` again")


def test_where_the_next_address_is_told_each_of_them_works_once() -> None:
    """S3: the page of a sandbox, opened in a second browser."""
    world, told = World(), list[str]()
    session = LocalSession(renewed=told.append)
    first = session.ticket
    with browser(world.app(local(world, session)), token=None) as client:
        assert client.get(f"/start?ticket={first}").status_code == 303
        assert client.get("/start?ticket=guessed").status_code == 303
        client.cookies.clear()

        assert client.get(f"/start?ticket={first}").status_code == 401
        assert client.get(f"/start?ticket={told[0]}").status_code == 303
        assert client.get(SESSION).json()["user"] == "me"
        assert session.ticket == told[-1] != first
        assert len(told) == 2


def test_two_pages_on_one_machine_do_not_log_each_other_out() -> None:
    """S3: browsers send the cookies of one port to all ports."""
    world = World()
    one, other = (LocalSession(cookie_name=f"odh-nim-session-{port}") for port in (1, 2))
    with browser(world.app(local(world, one)), token=None) as client:
        client.get(f"/start?ticket={one.ticket}")
        client.cookies.set(other.cookie_name, other.cookie)

        assert client.get(SESSION).status_code == 200


def test_on_a_laptop_a_forwarded_token_is_no_login() -> None:
    """S3."""
    world = World()
    with browser(world.app(local(world, LocalSession()))) as client:
        assert client.get(SESSION).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1", "", "[::1]"])
def test_a_name_that_was_bent_to_this_machine_gets_no_answer(host: str) -> None:
    """S5: DNS rebinding."""
    world, session = World(), LocalSession()
    with browser(world.app(local(world, session)), token=None) as client:
        answer = client.get(f"/start?ticket={session.ticket}", headers={"Host": host})

        assert answer.status_code == 421
        assert session.ticket is not None
