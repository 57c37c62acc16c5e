"""Every requirement and every fault that this release covers is named by a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
DATA = TESTS / "data"
REFERENCE = ROOT / "docs" / "reference"
THREATS = ROOT / "docs" / "threat-model.md"
ROW = re.compile(r"^\| ([A-Z]+\d+|R-[A-Z]+-\d\d) \|", re.MULTILINE)
# `F4`, `F4-F7`, `F29 to F31`: faults, invariants, abuse cases.
CASE = re.compile(r"\b([FIS])(\d{1,2})(?: ?(?:-|…|to) ?\1(\d{1,2}))?\b")


def listed(file: str) -> list[str]:
    lines = (DATA / file).read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def rows(page: Path) -> list[str]:
    return ROW.findall(page.read_text(encoding="utf-8"))


def required_by_tests() -> set[str]:
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


def docstrings(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def cases_in(text: str) -> set[str]:
    return {
        f"{kind}{number}"
        for kind, first, last in CASE.findall(text)
        for number in range(int(first), int(last or first) + 1)
    }


def cases_of(path: Path) -> set[str]:
    return {case for text in docstrings(path) for case in cases_in(text)}


def cases_by_tests() -> set[str]:
    return {case for path in TESTS.rglob("test_*.py") for case in cases_of(path)}


def order(case: str) -> tuple[str, int]:
    return case[0], int(case[1:])


def test_every_requirement_is_named_by_a_test() -> None:
    assert set(listed("requirements.txt")) - required_by_tests() == set()


def test_list_is_sorted_and_has_no_doubles() -> None:
    lines = listed("requirements.txt")

    assert lines == sorted(set(lines))


def test_every_requirement_of_the_list_is_explained() -> None:
    page = rows(REFERENCE / "requirements.md")

    assert len(page) == len(set(page))
    assert set(listed("requirements.txt")) - set(page) == set()


def test_every_fault_is_named_by_a_test() -> None:
    assert set(listed("faults.txt")) - cases_by_tests() == set()


def test_list_of_faults_is_sorted_has_no_doubles_and_is_explained() -> None:
    lines = listed("faults.txt")

    assert lines == sorted(set(lines), key=order)
    assert set(lines) - set(rows(REFERENCE / "faults.md")) == set()


def test_every_abuse_case_names_tests_that_name_it_or_is_planned() -> None:
    text = THREATS.read_text(encoding="utf-8")
    cases = re.findall(r"^\| (S\d+) \|.*\| ([^|]+) \|$", text, re.MULTILINE)

    assert [case for case, _ in cases] == [f"S{number}" for number in range(1, 28)]
    for case, tests in cases:
        files = re.findall(r"\(\.\./(tests/[\w./]+)\)", tests)
        assert files or tests == "planned", f"{case} names no test"
        for file in files:
            assert case in cases_of(ROOT / file), f"{file} does not name {case}"


@pytest.mark.parametrize(
    ("text", "cases"),
    [
        ("R-DEP-06; F6, F7.", {"F6", "F7"}),
        ("F3-F5, I9.", {"F3", "F4", "F5", "I9"}),
        ("F29 to F31: asked once.", {"F29", "F30", "F31"}),
        ("R-KEY-01 to 03, AG-20, 15 F, UTF-8", set()),
    ],
)
def test_names_of_cases_are_read_as_they_are_written(text: str, cases: set[str]) -> None:
    assert cases_in(text) == cases
