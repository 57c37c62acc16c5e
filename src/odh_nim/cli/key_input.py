"""Where a key comes from: a hidden prompt, a pipe or a file. Never an argument."""

import os
import stat
import sys
from pathlib import Path
from typing import Final

import click

from odh_nim.cli.output import note, warn
from odh_nim.domain.api_key import ApiKey, clean_key
from odh_nim.domain.errors import InputError, InvalidKeyError

# More than any key has: a wrong file must not be read to its end.
_MOST: Final = 100_000
_READABLE_BY_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH
STANDARD_INPUT: Final = "-"

key_file_option = click.option(
    "--key-file",
    metavar="FILE",
    help="File with the key; - is standard input.  [default: a hidden prompt, or a pipe]",
)


def can_prompt() -> bool:
    """Say whether a person sits at the terminal."""
    return sys.stdin.isatty()


def read_key(key_file: str | None, *, owner: str) -> ApiKey:
    """Read a key, clean it and check its grammar; `owner` says whose key the prompt asks for.

    Raises:
        InvalidKeyError: It is no key. The message never repeats what was read.
        InputError: The file cannot be read.

    """
    pasted = clean_key(_read(key_file, owner))
    if pasted.notice:
        note(pasted.notice)
    return pasted.key


def _read(key_file: str | None, owner: str) -> str:
    if key_file not in (None, STANDARD_INPUT):
        assert key_file is not None
        return _read_file(Path(key_file))
    if can_prompt():
        answer: str = click.prompt(f"NGC API key of {owner}", hide_input=True, err=True)
        return answer
    piped = sys.stdin.buffer.read(_MOST).decode("utf-8", "replace")
    if not piped.strip():
        raise InvalidKeyError(
            "standard input is empty",
            remedy="Pipe the key in, or name a file with --key-file FILE.",
        )
    return piped


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & _READABLE_BY_OTHERS:
                warn(f"{path} can be read by other users of this machine: chmod 600 {path}")
            return file.read(_MOST).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"The key cannot be read from {path}: {error.strerror}.") from None
