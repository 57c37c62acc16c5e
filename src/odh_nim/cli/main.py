"""Start of the command line: what happens before and after any command."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from odh_nim import __version__

_COMPLETING = "_ODH_NIM_COMPLETE"
_LONG_LIVED = {"serve", "ui"}
_SELDOM = 100_000
_KEY_ON_THE_COMMAND_LINE = (
    "Error: an NGC API key stands on the command line, where every user of this machine can read "
    "it; nothing was done.\n"
    "Give it at the prompt, by a pipe or from a file: odh-nim keys set -n PROJECT, or "
    "--key-file FILE (- is standard input).\n"
    "The key is now in your shell's history: remove it there, and better replace the key."
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with the code of its outcome."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if argv == ["--version"]:
        # The most frequent call of scripts: answered before anything is imported.
        print(f"odh-nim {__version__}")  # noqa: T201 - click is not imported yet
        sys.exit(0)
    # Before any parser could repeat it in a message. Keys do not exist outside ApiKey, so this
    # looks for the public prefix only.
    if any("nvapi-" in argument for argument in argv):
        print(_KEY_ON_THE_COMMAND_LINE, file=sys.stderr)  # noqa: T201 - as above
        sys.exit(2)
    sys.exit(_run(argv))


def _import_msgspec() -> None:
    """Import it without typing_extensions, which takes longer than all of Python to start.

    msgspec asks it for nothing that Python 3.11 has not itself.
    """
    modules: dict[str, Any] = sys.modules
    if modules.get("typing_extensions") is not None:
        return
    modules["typing_extensions"] = None
    try:
        import msgspec  # noqa: F401, PLC0415 - for everything that imports it later
    finally:
        del modules["typing_extensions"]


def _collect_seldom(argv: list[str]) -> None:
    """Look for cyclic garbage seldom: a command ends before there is any worth the search.

    A server lives on, and keeps Python's own pace.
    """
    if not _LONG_LIVED.intersection(argv):
        gc.set_threshold(_SELDOM, 20, 20)


def _run(argv: list[str]) -> int:
    _collect_seldom(argv)
    wants_help = not argv or "-h" in argv or "--help" in argv
    # A shell that completes asks without arguments too, at every press of Tab.
    if wants_help and _COMPLETING not in os.environ:
        # Colours and boxes cost a third of a second: only where help is printed.
        from rich_click.patch import patch  # noqa: PLC0415

        patch()
    else:
        _import_msgspec()
    import click  # noqa: PLC0415 - after the patch, which replaces click's classes

    from odh_nim.cli.lazy import top  # noqa: PLC0415 - as above
    from odh_nim.domain.errors import OdhNimError  # noqa: PLC0415 - not needed for --version

    try:
        result = top.main(argv, prog_name="odh-nim", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 128 + signal.SIGINT
    except OdhNimError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # `odh-nim … | head`: the reader has seen enough. Point stdout elsewhere, or the
        # interpreter complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return result if isinstance(result, int) else 0
