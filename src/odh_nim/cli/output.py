"""What commands print: data on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

import click

from odh_nim.domain.errors import printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.resources import ApiResource

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


def print_data(data: Any, output: str) -> None:
    """Print data for machines, as `json` or `yaml`."""
    if output == "json":
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    from odh_nim.manifests.yaml import dump_yaml  # noqa: PLC0415 - YAML only where asked for

    click.echo(dump_yaml(data), nl=False)


def to_data(value: Any) -> Any:
    """Turn what a feature gives into plain data: a dataclass becomes a mapping in camelCase."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, ApiResource):
        return value.full_name
    if is_dataclass(value) and not isinstance(value, type):
        return {_camel(field.name): to_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [to_data(item) for item in value]
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    err: bool = False,
    with_headings: bool = True,
) -> None:
    """Print a table as kubectl does: capitals above, columns two spaces apart, no lines.

    Cells are foreign text: control characters are taken out.
    """
    cells = [list(headings), *([printable(cell, 200) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells if with_headings else cells[1:]:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip(), err=err)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings to standard error, one line each."""
    for finding in findings:
        mark = click.style(finding.severity.value, fg=_COLOURS[finding.severity])
        remedy = f" {finding.remedy}" if finding.remedy else ""
        click.echo(f"{mark}: {finding.subject}: {finding.message}{remedy}", err=True)


def note(text: str) -> None:
    """Say something to the person at the terminal: on standard error, data stays clean."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """Warn the person at the terminal, as a finding would."""
    click.echo(f"{click.style('warning', fg=_COLOURS[Severity.WARNING])}: {text}", err=True)


def print_facts(facts: Mapping[str, str]) -> None:
    """Print facts below each other, `Name:  value`; empty ones are left out."""
    shown = {name: fact for name, fact in facts.items() if fact}
    width = max((len(name) for name in shown), default=0) + 3
    for name, fact in shown.items():
        click.echo(f"{name + ':':<{width}}{printable(fact, 2000)}")


class Steps:
    """Progress on standard error: a spinner on a terminal, one line per step otherwise.

    A step that ends leaves a line with a tick, so that the log of a run reads the same everywhere.
    `text` is the running step, empty between two.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._spinner: Any = None
        self.text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end("✗" if error else "✓")

    def step(self, text: str) -> None:
        """End the step before with a tick and begin the next."""
        if text == self.text:
            return
        self._end("✓")
        self.text = text
        if self._quiet or not sys.stderr.isatty():
            return
        from rich.console import Console  # noqa: PLC0415 - costs a quarter of a second
        from rich.text import Text  # noqa: PLC0415 - as above

        # Not as a string: rich would read [brackets] of foreign text as markup.
        self._spinner = Console(stderr=True).status(Text(text))
        self._spinner.start()

    def done(self) -> None:
        """End the running step with a tick, before something else is printed."""
        self._end("✓")

    def failed(self) -> None:
        """End the running step with a cross, before what is done about it."""
        self._end("✗")

    def update(self, text: str) -> None:
        """Change the words of the running step, on a terminal only."""
        if self._spinner is not None:
            from rich.text import Text  # noqa: PLC0415 - loaded with the spinner

            words = f"{self.text}: {printable(text, 60)}" if text else self.text
            self._spinner.update(Text(words))

    def _end(self, mark: str) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
        if self.text and not self._quiet:
            click.echo(f"{mark} {self.text}", err=True)
        self.text = ""
