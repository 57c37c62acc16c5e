"""Threads that work off tasks, urgent ones first, until none is left."""

import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

Task = Callable[[], None]
T = TypeVar("T")

URGENT: Final = 0
NORMAL: Final = 1
_LAST: Final = 2


class Workers:
    """A pool for one run; tasks may add tasks."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._tasks: queue.PriorityQueue[tuple[int, int, Task | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._left = 0
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def add(self, task: Task, *, priority: int = NORMAL) -> None:
        """Add a task; those of one priority begin in the order in which they came."""
        with self._lock:
            self._left += 1
        self._tasks.put((priority, next(self._order), task))

    def run(self) -> None:
        """Work until every task is done; the first unexpected error of one is raised then."""
        if self._left:
            _in_threads(self._serve, self._count)
        if self._error is not None:
            raise self._error

    def _serve(self) -> None:
        while True:
            task = self._tasks.get()[2]
            if task is None:
                return
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - a thread cannot raise to its caller
                self._error = self._error or error
            with self._lock:
                self._left -= 1
                over = self._left == 0
            if over:
                for _ in range(self._count):
                    self._tasks.put((_LAST, next(self._order), None))


def for_each(items: Iterable[T], work: Callable[[T], None], *, at_once: int) -> None:
    """Do something with every item, several at once."""
    todo: Sequence[T] = list(items)
    workers = Workers(max(1, min(at_once, len(todo))))
    for item in todo:
        workers.add(lambda item=item: work(item))  # type: ignore[misc]  # bound at once
    workers.run()


def _in_threads(work: Callable[[], None], count: int) -> None:
    threads = [
        threading.Thread(target=work, name=f"transfer-{number}", daemon=True)
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        # In steps: a signal must reach the main thread while it waits.
        while thread.is_alive():
            thread.join(0.2)
