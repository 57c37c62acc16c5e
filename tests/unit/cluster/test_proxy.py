import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.cluster.proxy import is_loopback, proxy_for
from odh_nim.domain.errors import KubeconfigError

PROXY = "http://proxy.test:3128"


def test_the_kubeconfigs_proxy_goes_before_the_environments() -> None:
    environ = {"HTTPS_PROXY": "http://other.test", "NO_PROXY": "*"}

    assert proxy_for("api.test", 443, configured=PROXY, environ=environ) == PROXY


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environment_names_a_proxy(name: str) -> None:
    assert proxy_for("api.test", 443, configured=None, environ={name: PROXY}) == PROXY
    assert proxy_for("api.test", 443, configured=None, environ={name: "proxy.test:1"}) == (
        "http://proxy.test:1"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "a.localhost"])
def test_this_machine_is_never_asked_through_a_proxy(host: str) -> None:
    assert is_loopback(host)
    assert proxy_for(host, 443, configured=PROXY, environ={"HTTPS_PROXY": PROXY}) is None


@pytest.mark.parametrize(
    "rule",
    [
        "*",
        "api.example.test",
        "example.test",
        ".example.test",
        "*.example.test",
        "x, API.Example.test",
        "api.example.test:6443",
        ".test",
    ],
)
def test_no_proxy_exempts_names(rule: str) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": rule}

    assert proxy_for("api.example.test", 6443, configured=None, environ=environ) is None


@pytest.mark.parametrize("rule", ["10.0.0.1", "10.0.0.0/8", "10.0.0.1:443", "10.0.0.1/8"])
def test_no_proxy_exempts_addresses_and_networks(rule: str) -> None:
    environ = {"https_proxy": PROXY, "no_proxy": rule}

    assert proxy_for("10.0.0.1", 443, configured=None, environ=environ) is None


@pytest.mark.parametrize("rule", ["", "other.test", "pi.example.test", "api.example.test:1", "a/b"])
def test_what_no_rule_exempts_goes_through_the_proxy(rule: str) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": rule}

    assert proxy_for("api.example.test", 6443, configured=None, environ=environ) == PROXY


@pytest.mark.parametrize("proxy", ["ftp://u:canary@p.test", "http://", "http://u:canary@p:x"])
def test_a_proxy_that_cannot_be_used_is_not_repeated(proxy: str) -> None:
    """I3."""
    with pytest.raises(KubeconfigError) as failure:
        proxy_for("api.test", 443, configured=proxy, environ={})

    assert "canary" not in str(failure.value)


@given(rule=st.text(max_size=30), proxy=st.text(max_size=30))
def test_any_text_gives_an_answer_or_one_line(rule: str, proxy: str) -> None:
    try:
        proxy_for("api.test", 443, configured=proxy, environ={"NO_PROXY": rule})
    except KubeconfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - the other outcome is fine too
