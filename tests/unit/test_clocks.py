"""Nothing waits by the time of day, which an administrator or a time server may set."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "odh_nim"
# Where the time of day is meant: a date that a server sent, and the stamp of an event.
MEANT = {"registry/wire.py", "airgap/events.py"}


def reads_the_time_of_day(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) == ("time", "time")
        for node in ast.walk(tree)
    )


def test_waiting_and_deadlines_do_not_depend_on_the_time_of_day() -> None:
    """F47: the sandbox plays machines, whose logs have times."""
    modules = [path for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts]
    found = {
        str(path.relative_to(PACKAGE))
        for path in modules
        if reads_the_time_of_day(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert found == MEANT


def test_the_check_finds_what_it_looks_for() -> None:
    assert reads_the_time_of_day(ast.parse("import time\nend = time.time() + 5"))
    assert not reads_the_time_of_day(ast.parse("import time\nend = time.monotonic() + 5"))
