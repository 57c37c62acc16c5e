"""Write the reference pages that follow from the code: commands, settings, exit codes.

`--check` writes nothing and fails when a page differs from what would be written.
"""

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from odh_nim.cli.lazy import COMMANDS, top
from odh_nim.domain import errors
from odh_nim.settings import Settings

_FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
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
    context = click.Context(top, info_name="odh-nim")
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
    rows = ["# Exit codes\n", "| Code | Class | When |", "|---|---|---|", "| 0 | | done |"]
    for kind in _classes(errors.OdhNimError):
        code = "8 or 9" if isinstance(kind.__dict__.get("exit_code"), property) else kind.exit_code
        rows.append(f"| {code} | `{kind.__name__}` | {inspect.getdoc(kind).splitlines()[0]} |")  # type: ignore[union-attr]  # every error has a docstring
    rows.append("| 130 | | stopped with Ctrl-C |")
    return "\n".join(rows) + "\n"


def _classes(kind: type[errors.OdhNimError]) -> Iterator[type[errors.OdhNimError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
