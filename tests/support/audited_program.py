"""`python audited_program.py REPORT ARGUMENTS…` runs odh-nim and writes down what it leaves behind.

Python tells a hook of every file that is opened, moved or removed, and of every program that is
started. A file is read just before it goes, so that one that lived only for a moment counts too.
This is a program of its own: it imports nothing of the tests.
"""

import atexit
import json
import os
import runpy
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system")
_GOES = ("os.remove", "os.rename", "os.truncate", "shutil.move")


class Audit:
    """What was written, and what was started."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.started: list[str] = []
        self._busy = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy:
            return
        if event in _STARTS:
            self.started.append(repr(arguments))
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            self.written.setdefault(str(arguments[0]), "")
        elif event in _GOES and str(arguments[0]) in self.written:
            self._read(str(arguments[0]))

    def _read(self, path: str) -> None:
        self._busy = True
        with suppress(OSError):
            if Path(path).is_file():
                self.written[path] += Path(path).read_bytes().decode("latin-1")
        self._busy = False

    def write(self, report: Path, arguments: list[str]) -> None:
        for path in list(self.written):
            self._read(path)
        self._busy = True
        command_line = Path("/proc/self/cmdline").read_bytes().decode("latin-1")
        found = {
            "written": self.written,
            "started": self.started,
            "arguments": [*sys.orig_argv, *arguments, command_line],
        }
        report.write_text(json.dumps(found), encoding="utf-8")


def main() -> None:
    report, arguments = Path(sys.argv[1]), sys.argv[2:]
    audit = Audit()
    # Registered first, so that it runs last.
    atexit.register(audit.write, report, arguments)
    sys.addaudithook(audit.hear)
    sys.argv = ["odh-nim", *arguments]
    runpy.run_module("odh_nim", run_name="__main__")


if __name__ == "__main__":
    main()
