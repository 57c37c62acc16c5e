"""Durations as people and kubectl write them: `90s`, `30m`, `1h30m`, `45`."""

import re
from typing import Final

import click

_GRAMMAR: Final = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s?)?")


def parse_duration(text: str) -> float:
    """Read a duration as seconds.

    Raises:
        click.BadParameter: It is none.

    """
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        message = f"{text!r} is no duration; write 90s, 30m or 1h30m."
        raise click.BadParameter(message)
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


class Duration(click.ParamType[float]):
    """A duration as a parameter."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a text; a number is one already."""
        del param, ctx
        return float(value) if isinstance(value, int | float) else parse_duration(str(value))
