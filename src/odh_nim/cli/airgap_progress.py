"""What a person or a machine sees of a running transfer."""

import sys
import time
from typing import Final

import click

from odh_nim.airgap.events import Event, as_line
from odh_nim.cli.output import note, warn

_UNITS: Final = ("B", "KB", "MB", "GB", "TB")
_THOUSAND: Final = 1000
# Where nobody watches, a line now and then is enough.
_EVERY: Final = 10.0


def size(count: float) -> str:
    """Write bytes for people."""
    for unit in _UNITS[:-1]:
        if abs(count) < _THOUSAND:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _THOUSAND
    return f"{count:.1f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """Write a time for people."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def json_lines(event: Event) -> None:
    """Print every event as a line on standard output."""
    click.echo(as_line(event))


class Lines:
    """Progress on standard error: one line that changes on a terminal, else one now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._told = 0.0
        self._shown = False

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.event == "progress":
            self._progress(event)
        elif event.event == "image":
            self._clear()
            if event.status == "failed":
                note(f"✗ {event.name}: {event.error}")
            else:
                note(f"✓ {event.name}{' (was there)' if event.status == 'there' else ''}")
        elif event.event == "wait" and event.seconds >= 1:
            self._clear()
            warn(f"{event.host}: {event.error}; again in {event.seconds:.0f} s")

    def _progress(self, event: Event) -> None:
        now = time.monotonic()
        last = event.done_bytes >= event.total_bytes
        if not self._terminal and now - self._told < _EVERY and not last:
            return
        self._told = now
        if not event.total_bytes:
            return
        percent = event.done_bytes * 100 // event.total_bytes
        text = f"{size(event.done_bytes)} of {size(event.total_bytes)} ({percent} %)"
        if event.rate and not last:
            text += f", {size(event.rate)}/s, {duration(event.seconds_left)} left"
        if self._terminal:
            self._clear()
            click.echo(text, err=True, nl=False)
            self._shown = True
        else:
            note(text)

    def _clear(self) -> None:
        if self._shown:
            click.echo("\r\033[K", err=True, nl=False)
            self._shown = False


def told_wait(host: str, seconds: float, cause: str) -> None:
    """Tell that a registry is waited for, outside a transfer."""
    if seconds >= 1:
        warn(f"{host}: {cause}; again in {seconds:.0f} s")
