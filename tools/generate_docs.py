"""Write the reference pages that follow from the code: commands, settings, exit codes.

`--check` writes nothing and fails when a page differs from what would be written.
"""

import dataclasses
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from odh_nim.cli.lazy import COMMANDS, top
from odh_nim.domain import errors
from odh_nim.settings import Settings

_FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
_MEANINGS: Final = {
    0: "done; also where there was nothing to do",
    1: "an error without a class of its own, or the difference that a comparing command found",
    2: "what was typed, pasted or configured cannot be used; nothing was sent",
    3: "no such thing: model, deployment, object, catalogue, key",
    4: "not logged in, or no right; the message names verb and type",
    5: "the name is taken, the object is somebody else's, or it changed meanwhile",
    6: "no answer: the API server or NVIDIA cannot be reached or is busy",
    7: "refused: by a check before the first write, by the API server, or by NVIDIA",
    8: "failed part-way; everything was taken back",
    9: "failed part-way, and something stays; the message names it with the command to remove it",
    10: "the sandbox could not be built, started or stopped",
    11: "deployed, but it does not serve: it failed, or it was not ready in time",
    130: "stopped with Ctrl-C",
    141: "whoever read the output has closed it",
}
_AIR_GAP: Final = (
    "`odh-nim airgap` answers with bits, added where several things failed: 2 the plan, 4 the "
    "source, 8 the destination, 16 integrity, 32 some images went through.\n"
)
_MARK: Final = "<!-- Written by `make generate`; do not edit. -->\n\n"


def main(arguments: list[str]) -> int:
    """Write or check every page; the number of pages that differ is the answer to a check."""
    pages = {
        "cli.md": _cli_page(),
        "settings.md": _settings_page(),
        "exit-codes.md": _exit_codes_page(),
    }
    if "--check" not in arguments:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (_FOLDER / name).write_text(_MARK + text, encoding="utf-8")
        return 0
    stale = [name for name, text in pages.items() if _read(name) != _MARK + text]
    for name in stale:
        print(f"docs/reference/{name} is not what the code says: run `make generate`.")
    return len(stale)


def _read(name: str) -> str:
    path = _FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _cli_page() -> str:
    parts = ["# Commands\n", "`kubectl nim …` and `oc nim …` run the same commands.\n"]
    context = click.Context(top, info_name="odh-nim", **top.context_settings)
    parts += _command_section(context)
    for name in COMMANDS:
        command = top.get_command(context, name)
        assert command is not None
        parts += _sections(click.Context(command, info_name=name, parent=context))
    return "\n".join(parts)


def _sections(context: click.Context) -> Iterator[str]:
    yield from _command_section(context)
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _sections(click.Context(command, info_name=name, parent=context))


def _command_section(context: click.Context) -> Iterator[str]:
    # A fixed width: the page must not depend on the terminal it was written in.
    context.terminal_width = 100
    context.max_content_width = 100
    yield f"## {context.command_path}\n"
    help_text = click.Command.get_help(context.command, context)
    yield f"```text\n{help_text}\n```\n"


def _settings_page() -> str:
    rows = ["# Settings\n", "Read once from the environment.\n", "| Variable | Default | Meaning |"]
    rows.append("|---|---|---|")
    for field in dataclasses.fields(Settings):
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{field.metadata['variable']}` | {default} | {field.metadata['help']} |")
    return "\n".join(rows) + "\n"


def _exit_codes_page() -> str:
    rows = ["# Exit codes\n", "| Code | Meaning |", "|---|---|"]
    rows += [f"| {code} | {meaning} |" for code, meaning in _MEANINGS.items()]
    rows += ["\n## By class of error\n", "| Code | Class | When |", "|---|---|---|"]
    rows += _class_rows(kind for kind in _classes(errors.OdhNimError) if not _is_air_gap(kind))
    rows += ["\n## Air gap\n", _AIR_GAP, "| Code | Class | When |", "|---|---|---|"]
    rows += _class_rows(kind for kind in _classes(errors.OdhNimError) if _is_air_gap(kind))
    return "\n".join(rows) + "\n"


def _class_rows(kinds: Iterable[type[errors.OdhNimError]]) -> Iterator[str]:
    for kind in kinds:
        computed = inspect.getattr_static(kind, "exit_code")
        code = _first_line(computed) if isinstance(computed, property) else kind.exit_code
        if isinstance(code, int) and not _is_air_gap(kind):
            assert code in _MEANINGS, f"{kind.__name__}: {code} has no meaning on the page"
        yield f"| {code} | `{kind.__name__}` | {_first_line(kind)} |"


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _is_air_gap(kind: type[errors.OdhNimError]) -> bool:
    return issubclass(kind, errors.AirGapError)


def _classes(kind: type[errors.OdhNimError]) -> Iterator[type[errors.OdhNimError]]:
    yield kind
    for child in kind.__subclasses__():
        # Which other modules are imported must not change the page.
        if child.__module__.startswith(f"{errors.__name__}."):
            yield from _classes(child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
