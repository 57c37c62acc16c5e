"""The list of models, with everything that can be wrong with it (R-CAT-05)."""

import json
from typing import Any

import pytest

from faults.catalog.conftest import CHECK, COUNT, SEARCH, Generator
from odh_nim.sandbox.nvidia import Fault

JSON = {"content-type": "application/json"}


def page(
    number: int | None, *names: str, total: int, pages: int = 1, latest: str | None = "1.0.0"
) -> Fault:
    """Give one answer of the search, for one request."""
    resources = [
        {
            "resourceId": f"nim/meta/{name}",
            "name": name,
            "attributes": [{"key": "latestTag", "value": latest}] if latest else [],
        }
        for name in names
    ]
    body: dict[str, Any] = {
        "resultTotal": total,
        "resultPageTotal": pages,
        "params": {} if number is None else {"page": number},
        "results": [{"groupValue": "CONTAINER", "resources": resources}],
    }
    return Fault("answer", 200, JSON, json.dumps(body), path=SEARCH, times=1)


def test_list_that_fails_once_is_asked_again(generator: Generator) -> None:
    generator.fault(Fault("answer", 500, path=SEARCH, times=1))

    assert generator.run().code == 0
    assert len(generator.asked(SEARCH)) == 2


def test_list_that_fails_for_ever_ends_the_run(generator: Generator) -> None:
    """R-CAT-18: NVIDIA down is a failed job."""
    generator.fault(Fault("answer", 500, path=SEARCH))

    outcome = generator.run()

    assert (outcome.code, len(generator.asked(SEARCH))) == (6, 4)
    assert "it answered 500" in outcome.error_line


def test_busy_list_is_asked_again_after_the_wait_that_it_names(generator: Generator) -> None:
    """R-CAT-03."""
    generator.fault(Fault("answer", 429, {"retry-after": "1"}, path=SEARCH, times=1))

    assert generator.run().code == 0
    first, second = (
        each.at for each in generator.nvidia.state.journal if each.path.startswith(SEARCH)
    )
    assert second - first >= 1


def test_wait_beyond_all_patience_is_not_begun(generator: Generator) -> None:
    generator.fault(Fault("answer", 429, {"retry-after": "3600"}, path=SEARCH))

    outcome = generator.run()

    assert outcome.code == 6
    assert "it wants 3600 s of rest" in outcome.error_line


@pytest.mark.parametrize("kind", ["hang", "stall", "drip", "reset", "cut"])
def test_list_that_does_not_come_ends_the_run(generator: Generator, kind: Any) -> None:
    generator.fault(Fault(kind, path=SEARCH))

    outcome = generator.run()

    assert outcome.code == 6
    assert "Could not ask NVIDIA" in outcome.error_line
    assert generator.asked("/v2/org") == []


@pytest.mark.parametrize(
    ("pages", "cause"),
    [
        pytest.param(
            [page(None, "a", total=2, pages=2)], "page 0 was asked, page None came", id="no-number"
        ),
        pytest.param(
            [page(0, "a", total=2, pages=2), page(0, "a", total=2, pages=2)],
            "page 1 was asked, page 0 came",
            id="repeated",
        ),
        pytest.param(
            [page(0, "a", total=2, pages=2), page(1, "b", total=3, pages=2)],
            "the number of models changed",
            id="total-changes",
        ),
        pytest.param(
            [page(0, "a", total=3, pages=3), page(1, total=3, pages=3)],
            "page 1 brings nothing new",
            id="empty-middle",
        ),
        pytest.param(
            [page(0, "a", total=3, pages=2), page(1, "b", total=3, pages=2)],
            "it announces 3 models and gives 2",
            id="one-missing",
        ),
        pytest.param(
            [page(0, "a", "a", total=2)], "it announces 2 models and gives 1", id="same-twice"
        ),
    ],
)
def test_pages_that_do_not_add_up_end_the_run(
    generator: Generator, pages: list[Fault], cause: str
) -> None:
    """R-CAT-05; F32."""
    generator.fault(*pages)

    outcome = generator.run()

    assert outcome.code == 6
    assert cause in outcome.error_line
    assert generator.asked("/v2/org") == []


def test_list_without_end_ends_the_run(generator: Generator) -> None:
    """R-CAT-05; F32."""
    generator.nvidia.state.endless = True

    outcome = generator.run()

    assert outcome.code == 6
    assert "there are more than 100 pages" in outcome.error_line
    assert len(generator.asked(SEARCH)) == 100


def test_model_that_stands_on_two_pages_is_asked_for_once(generator: Generator) -> None:
    """R-CAT-05; F32."""
    generator.fault(
        page(0, "model-01", "model-02", total=3, pages=2),
        page(1, "model-02", "model-03", total=3, pages=2),
    )

    assert generator.run().code == 0
    assert sorted(generator.models()) == ["model-01", "model-02", "model-03"]
    assert len(generator.asked("/v2/org")) == 3


def test_model_with_nothing_to_pull_is_left_out_and_counted(generator: Generator) -> None:
    generator.fault(page(0, "model-01", total=1, latest=None))
    many = [f"model-{number:02}" for number in range(COUNT - 1)]
    generator.fault(
        page(0, *many, total=COUNT, pages=2), page(1, "x", total=COUNT, pages=2, latest=None)
    )

    outcome = generator.run()

    assert outcome.code == 0
    assert "left out: nim/meta/x (nothing to pull)" in outcome.err
    assert len(generator.models()) == COUNT - 1


def test_empty_list_is_not_written(generator: Generator) -> None:
    generator.fault(page(0, total=0))

    outcome = generator.run()

    assert outcome.code == 7
    assert "NVIDIA lists 0 models, and none can be used" in outcome.error_line


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param('{"resultTotal": NaN, "resultPageTotal": 1}', "utf-8", id="nan"),
        pytest.param('{"resultTotal": 1, "resu', "utf-8", id="truncated"),
        pytest.param('{"resultTotal": "1", "resultPageTotal": 1}', "utf-8", id="wrong-type"),
        pytest.param("[]", "utf-8", id="no-object"),
        pytest.param('{"x": "\xff"}', "latin-1", id="no-utf-8"),
        pytest.param('\ufeff{"resultTotal": 1, "resultPageTotal": 1}', "utf-8", id="bom"),
        pytest.param('{"x":' + "[" * 100_000 + "]" * 100_000 + "}", "utf-8", id="deep"),
    ],
)
def test_list_that_is_no_list_ends_the_run(generator: Generator, body: str, encoding: Any) -> None:
    generator.fault(Fault("answer", 200, JSON, body, encoding, path=SEARCH))

    outcome = generator.run()

    assert outcome.code == 6
    assert "answer to page 0 of the catalogue cannot be used" in outcome.error_line


def test_list_that_is_a_web_page_ends_the_run(generator: Generator) -> None:
    generator.fault(Fault("answer", 200, {"content-type": "text/html"}, "<html>", path=SEARCH))

    outcome = generator.run()

    assert outcome.code == 6
    assert "a web page came instead of an answer" in outcome.error_line


@pytest.mark.parametrize(("status", "code"), [(401, 7), (403, 7), (429, 6), (500, 6), (302, 6)])
def test_key_that_is_not_accepted_ends_the_run_before_any_other_call(
    generator: Generator, status: int, code: int
) -> None:
    """R-CAT-02: the check comes first, and only a clear no is a refusal."""
    generator.fault(Fault("answer", status, JSON, "{}", path=CHECK))

    outcome = generator.run()

    assert outcome.code == code
    assert generator.asked() == [CHECK]
