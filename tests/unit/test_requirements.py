"""Every requirement that this release meets is named by a test."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
LIST = TESTS / "data" / "requirements.txt"


def requirements() -> set[str]:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def named_by_tests() -> set[str]:
    """Read the ids, also as ranges: `R-TPL-01…03` and `R-TPL-01, 02`."""
    named: set[str] = set()
    for path in TESTS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for area, first, more in re.findall(r"\bR-([A-Z]+)-(\d\d)((?:(?:…|, |/)\d\d)*)", text):
            named.add(f"R-{area}-{first}")
            last = int(first)
            for separator, number in re.findall(r"(…|, |/)(\d\d)", more):
                start = last + 1 if separator == "…" else int(number)
                named |= {f"R-{area}-{each:02}" for each in range(start, int(number) + 1)}
                last = int(number)
    return named


def test_every_requirement_is_named_by_a_test() -> None:
    assert requirements() - named_by_tests() == set()


def test_list_is_sorted_and_has_no_doubles() -> None:
    lines = [line.split()[0] for line in LIST.read_text().splitlines() if line.startswith("R-")]

    assert lines == sorted(set(lines))
