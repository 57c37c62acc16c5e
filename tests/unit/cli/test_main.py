"""What happens before and after any command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from odh_nim import __version__
from odh_nim.cli import lazy
from odh_nim.cli.main import main
from odh_nim.domain.errors import ForbiddenError, InputError

CANARY = "nvapi-CANARY-0123456789-abcdefghij"


def run(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """Run a command that ends with an error, through the whole frame."""

    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(lazy.LazyGroup, "get_command", lambda *_: failing)
    with pytest.raises(SystemExit) as end:
        main(["models"])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_version_is_answered_without_importing_click() -> None:
    """P7."""
    script = (
        "import sys\n"
        "from odh_nim.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: print([m for m in ('click', 'asyncio', 'httpx2') if m in sys.modules])"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert result.stdout == f"odh-nim {__version__}\n[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["keys", "set", CANARY],
        ["keys", "set", f"--key={CANARY}"],
        ["deploy", "llama", "--env", f"NGC_API_KEY={CANARY}"],
        ["no-such-command", CANARY],
    ],
)
def test_key_on_the_command_line_is_refused_without_repeating_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """R-KEY-01; S8."""
    with pytest.raises(SystemExit) as end:
        main(arguments)

    output = capsys.readouterr()
    assert end.value.code == 2
    assert "--key-file" in output.err
    assert "history" in output.err
    assert CANARY not in output.out + output.err


def test_expected_error_is_one_line_and_exits_with_the_code_of_its_class(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ForbiddenError("create Secret/a in b", "no right", status=403, remedy="Ask for it.")

    code = run(monkeypatch, error)

    assert code == 4
    assert (
        capsys.readouterr().err == "Error: Could not create Secret/a in b: no right Ask for it.\n"
    )


def test_wrong_input_exits_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, InputError("no")) == 2


def test_interrupt_exits_as_shells_expect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == "Stopped."


def test_unexpected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run(monkeypatch, ZeroDivisionError())


def test_mistyped_command_gets_the_nearest_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["depoy"])

    assert end.value.code == 2
    assert "Did you mean deploy" in capsys.readouterr().err


CATALOG = Path(__file__).parents[3] / "config" / "catalog" / "nvidia-nim-models-data.yaml"
WEB = ("fastapi", "starlette", "uvicorn", "pydantic")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], (*WEB, "httpx2", "msgspec", "yaml")),
        (["deploy", "--help"], (*WEB, "httpx2", "yaml")),
        (
            ["models", "list", "--catalog", str(CATALOG)],
            (*WEB, "rich", "rich_click", "httpx2", "asyncio", "typing_extensions", "urllib3"),
        ),
    ],
)
def test_command_imports_nothing_that_it_does_not_need(
    arguments: list[str], unwanted: tuple[str, ...]
) -> None:
    """P7, R-EXT-08: what makes a command slow to start is what it imports."""
    script = (
        "import sys\n"
        "from odh_nim.cli.main import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print([m for m in {unwanted!r} if m in sys.modules], file=sys.stderr)"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert result.stderr == "[]\n"


def test_help_of_the_group_imports_no_command() -> None:
    script = (
        "import sys\n"
        "from odh_nim.cli.main import main\n"
        "try: main([])\n"
        "except SystemExit: pass\n"
        "assert 'odh_nim.cluster' not in sys.modules"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "Deploy a model into a project." in result.stdout


@pytest.mark.parametrize("name", list(lazy.COMMANDS))
def test_every_listed_command_is_there(name: str) -> None:
    command = lazy.LazyGroup().get_command(click.Context(lazy.top), name)

    assert command is not None
    assert command.name == name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_of_every_shell_is_printed(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-EXT-08."""
    with pytest.raises(SystemExit) as end:
        main(["completion", shell])

    assert end.value.code == 0
    assert "_ODH_NIM_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shell", "words", "current", "offered"),
    [
        ("bash", "odh-nim dep", "1", {"deploy", "deployments"}),
        ("bash", "odh-nim deployments st", "2", {"start", "status", "stop"}),
        ("zsh", "odh-nim deployments st", "2", {"start", "status", "stop"}),
        ("fish", "odh-nim deployments", "st", {"start", "status", "stop"}),
        ("bash", "odh-nim deploy x --strategy re", "4", {"recreate"}),
        ("bash", "odh-nim deployments list --all", "3", {"--all-namespaces"}),
    ],
)
def test_shells_are_offered_commands_options_and_values(
    shell: str, words: str, current: str, offered: set[str]
) -> None:
    """R-EXT-08."""
    script = (
        "import sys\n"
        "from odh_nim.cli.main import main\n"
        "try: main([])\n"
        "finally: print('rich' in sys.modules, file=sys.stderr)"
    )
    variables = {
        "_ODH_NIM_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": current,
    }

    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | variables,
    )

    found = set(re.findall(r"[-a-z]+", result.stdout))
    assert offered <= found
    assert result.stderr == "False\n"


def test_bash_completes_with_the_printed_script() -> None:
    """R-EXT-08."""
    script = (
        "source <(odh-nim completion bash); COMP_WORDS=(odh-nim deployments st); COMP_CWORD=2; "
        '_odh_nim_completion odh-nim st deployments; echo "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    result = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": path},
    )

    assert result.stdout.split() == ["start", "status", "stop"]
