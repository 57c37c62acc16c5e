"""The built page as it is served: names, keeping, packing, and what is not there."""

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from odh_nim.web.packing import takes_gzip
from support.web import World, browser

INDEX = "<!doctype html><title>NIM</title>" + " " * 2000
SCRIPT = "console.log('a');\n" * 200
FONT = b"wOF2" + bytes(3000)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / ".built-from").write_text("a hash")
    (tmp_path / "assets" / "index-DEThMw-d.js").write_text(SCRIPT)
    (tmp_path / "assets" / "Text-DNKN.woff2").write_bytes(FONT)
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/models", "/deployments/team-a/llama", "/.built-from"])
def test_every_address_of_the_page_is_the_page_itself(static: Path, path: str) -> None:
    """UI-28: links into the page work, with or without a login."""
    with browser(World().app(static=static), token=None) as client:
        answer = client.get(path)

        assert (answer.status_code, answer.text) == (200, INDEX)
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_what_a_browser_can_unpack_is_sent_packed_and_kept_for_ever(static: Path) -> None:
    """P9: the first visit."""
    with browser(World().app(static=static), token=None) as client:
        plain = client.get("/assets/index-DEThMw-d.js", headers={"Accept-Encoding": "identity"})
        packed = client.get("/assets/index-DEThMw-d.js", headers={"Accept-Encoding": "gzip, br"})
        font = client.get("/assets/Text-DNKN.woff2", headers={"Accept-Encoding": "gzip"})

    assert plain.text == packed.text == SCRIPT
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    assert {one.headers["vary"] for one in (plain, packed)} == {"Accept-Encoding"}
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    assert ("content-encoding" in font.headers, font.content) == (False, FONT)


def test_the_catalogue_is_sent_packed_and_is_the_same(static: Path) -> None:
    with browser(World().app(static=static)) as client:
        plain = client.get("/api/v1/models", headers={"Accept-Encoding": "identity"})
        packed = client.get("/api/v1/models", headers={"Accept-Encoding": "gzip"})

    assert plain.json() == packed.json()
    assert plain.headers["etag"] == packed.headers["etag"]


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/assets/gone-1234.js", 404, "no-such-file"),
        ("GET", "/assets/../index.html", 200, ""),
        ("GET", "/assets/%2e%2e/.built-from", 404, "no-such-file"),
        ("POST", "/models", 405, "method-not-allowed"),
        ("HEAD", "/models", 200, ""),
    ],
)
def test_what_is_not_there_or_cannot_be_done_is_a_problem(
    static: Path, method: str, path: str, status: int, kind: str
) -> None:
    """S17: a name is looked up, never opened."""
    with browser(World().app(static=static)) as client:
        answer = client.request(method, path)

        assert answer.status_code == status
        assert kind in (answer.headers["content-type"] and answer.text)
        assert "a hash" not in answer.text


def test_without_a_built_page_it_says_how_to_build_it(tmp_path: Path) -> None:
    with browser(World().app(static=tmp_path), token=None) as client:
        answer = client.get("/models")

        assert answer.status_code == 503
        assert "make page" in answer.json()["remedy"]


@pytest.mark.parametrize(
    ("header", "takes"),
    [("gzip", True), ("br;q=1, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False),
     ("gzip; q=0.0", False), ("identity", False), ("", False), ("xgzip", False)],
)  # fmt: skip
def test_gzip_is_sent_only_to_who_reads_it(header: str, takes: bool) -> None:  # noqa: FBT001 - one of a table
    assert takes_gzip(Headers({"accept-encoding": header})) is takes
