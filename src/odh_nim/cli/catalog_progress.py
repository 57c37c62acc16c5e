"""How far a run is: a bar on a terminal, a line at each quarter otherwise."""

import sys
from types import TracebackType
from typing import Any, Final, Self

from odh_nim.cli.output import note

_QUARTERS: Final = 4


class Progress:
    """Progress of one kind of thing; `show` is called after each."""

    def __init__(self, things: str) -> None:
        self._things = things
        self._bar: Any = None
        self._task: Any = None
        self._told = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - costs a quarter of a second
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
            from rich.progress import Progress as Bar  # noqa: PLC0415

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._things)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """Say that `done` of `total` are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
            return
        quarter = done * _QUARTERS // total if total else _QUARTERS
        if quarter > self._told:
            self._told = quarter
            note(f"{done} of {total} {self._things}")
