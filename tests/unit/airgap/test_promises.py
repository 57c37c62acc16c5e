"""Every promise of docs/reference/air-gap-promises.md is named by a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/air-gap-promises.md"
PROMISE = re.compile(r"\bAG-\d\d\b")


def promised() -> list[str]:
    return re.findall(r"^\| (AG-\d\d) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def docstrings() -> Iterator[str]:
    """Give what tests say of themselves, and benchmarks; a number anywhere else proves nothing."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(node.name):
                yield ast.get_docstring(node) or ""
    for path in (ROOT / "benchmarks").glob("*.py"):
        yield ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _is_test(name: str) -> bool:
    return name.startswith("test_")


def test_every_promise_is_named_by_a_test_or_a_benchmark_and_no_other() -> None:
    named = {found for text in docstrings() for found in PROMISE.findall(text)}

    assert len(promised()) == 40
    assert named == set(promised())
