"""Every point of docs/reference/page-points.md is named by a test, or says why not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/page-points.md"
POINT = re.compile(r"(?<![\w-])UI-\d\d\b")
TITLE = re.compile(r"\btest(?:\.each\([^)]*\))?\(\s*'([^']*)'")


def points() -> dict[str, str]:
    """Read the points, each with what is missing of it."""
    rows = re.findall(r"^\| (UI-\d\d) \|[^|]*\|([^|]*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: missing.strip() for name, missing in rows}


def sayings() -> Iterator[str]:
    """Give what tests say of themselves; a name anywhere else proves nothing."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (ast.get_docstring(node) or "") if node.name.startswith("test_") else ""
    for path in (ROOT / "frontend/src").rglob("*.test.ts*"):
        yield from TITLE.findall(path.read_text(encoding="utf-8"))


def test_every_point_is_named_by_a_test_or_says_why_not() -> None:
    named = {found for text in sayings() for found in POINT.findall(text)}

    assert sorted(points()) == [f"UI-{number:02}" for number in range(1, 41)]
    assert named <= set(points())
    untested = set(points()) - named
    assert all(points()[name].startswith("No test: ") for name in untested), untested
