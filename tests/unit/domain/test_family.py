import pytest

from odh_nim.domain.family import Family
from odh_nim.domain.protocol import Protocol

HTTP, GRPC = Protocol.HTTP, Protocol.GRPC
FAMILY = Family(
    id="sample",
    title="Sample",
    http_port=8000,
    grpc_port=8001,
    protocols=(HTTP, GRPC),
    environment={GRPC: {"ALWAYS": "1"}},
    environment_by_major={GRPC: {1: {"OLD": "1"}, 2: {"NEW": "1"}, 5: {"NEWEST": "1"}}},
    key_variables={"odd": "OTHER_KEY"},
    native_cache_from_major=2,
)


@pytest.mark.parametrize(
    ("tag", "variable"),
    [
        ("0.1", "OLD"),
        ("1", "OLD"),
        ("1.99.0", "OLD"),
        ("2.0", "NEW"),
        ("4.1-rc", "NEW"),
        ("5", "NEWEST"),
        ("11.2", "NEWEST"),
        ("latest", "NEWEST"),
    ],
)
def test_environment_is_that_of_the_tags_major_version(tag: str, variable: str) -> None:
    """R-PROTO-04."""
    assert FAMILY.env(GRPC, tag) == {"ALWAYS": "1", variable: "1"}
    assert FAMILY.env(HTTP, tag) == {}


@pytest.mark.parametrize(
    ("tag", "native"), [("1.9", False), ("2", True), ("3.0", True), ("latest", True)]
)
def test_caches_are_the_images_own_from_a_major_version_on(
    tag: str,
    native: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert FAMILY.caches_natively(tag) is native
    assert not Family("a", "A", 8000, None, (HTTP,)).caches_natively(tag)


@pytest.mark.parametrize(
    ("protocols", "default"),
    [((HTTP,), HTTP), ((HTTP, GRPC), HTTP), ((GRPC, HTTP), HTTP), ((GRPC,), GRPC)],
)
def test_default_is_http_wherever_it_is_spoken(
    protocols: tuple[Protocol, ...], default: Protocol
) -> None:
    """R-PROTO-01."""
    assert Family("a", "A", 8000, 8001, protocols).default_protocol is default


def test_key_variable_is_the_familys_but_for_odd_images() -> None:
    assert FAMILY.key_variable_of("any") == "NGC_API_KEY"
    assert FAMILY.key_variable_of("odd") == "OTHER_KEY"


def test_protocols_have_the_dashboards_spelling() -> None:
    assert [protocol.api_protocol for protocol in Protocol] == ["REST", "gRPC"]
