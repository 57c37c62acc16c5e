"""What all tests share: one async backend, markers by folder, expected output as files."""

import difflib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
# Machines are shared: how long an example takes says nothing. A run of CI repeats what passed
# before; everybody else's runs look for new examples.
SLOW = [HealthCheck.too_slow]
settings.register_profile("default", deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
# A shell starts what runs in the background with Ctrl-C ignored, and children inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Fixtures with the real control plane; imported for all, started only where asked for.
pytest_plugins = ("support.control_plane",)
TIERS = ("unit", "integration", "e2e", "faults")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-data", action="store_true", help="Rewrite the expected output in tests/data."
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = item.path.relative_to(TESTS).parts[0]
        if tier in TIERS:
            item.add_marker(tier)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def expect_data(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file below tests/data; `<ANY>` stands for any part of one line."""

    def compare(text: str, path: str) -> None:
        file = TESTS / "data" / path
        if request.config.getoption("--update-data"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return
        wanted = file.read_text(encoding="utf-8").splitlines()
        lines = text.splitlines()
        same = len(wanted) == len(lines) and all(map(_fits, wanted, lines))
        difference = "\n".join(difflib.unified_diff(wanted, lines, path, "now", lineterm=""))
        assert same, f"{difference}\nRewrite it with --update-data and read the diff."

    return compare


def _fits(wanted: str, line: str) -> bool:
    head, found, tail = wanted.partition("<ANY>")
    if not found:
        return wanted == line
    return line.startswith(head) and line.endswith(tail) and len(line) >= len(head) + len(tail)
