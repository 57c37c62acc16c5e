"""Every promise of docs/reference/air-gap-promises.md is named by a test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/air-gap-promises.md"


def promised() -> list[str]:
    return re.findall(r"^\| (AG-\d\d) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_promise_is_named_by_a_test_or_a_benchmark() -> None:
    sources = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in sources if path != Path(__file__)]
    named = {found for text in texts for found in re.findall(r"AG-\d\d", text)}

    assert len(promised()) == 40
    assert [each for each in promised() if each not in named] == []


def test_no_test_names_a_promise_that_is_not_made() -> None:
    named = {
        found
        for path in (ROOT / "tests").rglob("*.py")
        for found in re.findall(r"\bAG-\d\d\b", path.read_text(encoding="utf-8"))
    }

    assert named - set(promised()) == set()
