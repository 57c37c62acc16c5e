"""Build the control plane's programs from their pinned Go modules, once per version.

An interrupted build goes on where it stopped: what is compiled stays in a build cache until
everything is done.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from odh_nim.domain.errors import SandboxError
from odh_nim.manifests.shipped import controlplane_folder
from odh_nim.sandbox.go_tools import GoTools, find_go
from odh_nim.sandbox.programs import (
    BUILD_FLAGS,
    CRD_SETS,
    KSERVE,
    PROGRAMS,
    Programs,
    cache_folder,
    programs_home,
)

GIGABYTE: Final = 10**9
NEEDED_DISK: Final = 6 * GIGABYTE
NEEDED_MEMORY: Final = 5 * GIGABYTE // 2
_KSERVE_MODULE: Final = "github.com/kserve/kserve"
# The kinds that KServe's manager reads; its module has more, which are large.
_CRD_FILES: Final = ("serving.kserve.io_*.yaml", "clusterstoragecontainer/serving.kserve.io_*.yaml")
_PACKAGE: Final = re.compile(r"[\w.~-]+(?:/[\w.~-]+)*")
_DOWNLOADING: Final = "go: downloading "
_POLL: Final = 0.2
_ERROR_LINES: Final = 12
_END_SECONDS: Final = 5.0
_END_POLL: Final = 0.05


class Report(Protocol):
    """Who is told how the build goes on."""

    def step(self, text: str) -> None:
        """Begin a step."""

    def update(self, text: str) -> None:
        """Say how far the running step is."""


def build_programs(
    cache_home: Path, report: Report, *, resources: Callable[[Path], None] | None = None
) -> Programs:
    """Build what is missing, and give the programs.

    Raises:
        SandboxError: No tool chain, too little disk or memory, or the build failed.

    """
    programs = Programs(cache_folder(cache_home))
    home = programs_home(cache_home)
    home.mkdir(parents=True, exist_ok=True)
    with _lock(home / "build.lock", report):
        if not programs.missing():
            return programs
        build_cache = home / "gocache"
        tools = find_go(build_cache)
        (resources or check_resources)(home)
        programs.folder.mkdir(exist_ok=True)
        for program in PROGRAMS:
            if not (programs.folder / program.name).is_file():
                module = controlplane_folder() / program.module
                compile_program(tools, module, programs.folder / program.name, report)
        copy_crds(tools, programs.folder)
        report.step("Removing what only the build needed")
        shutil.rmtree(build_cache, ignore_errors=True)
    return programs


def copy_crds(tools: GoTools, folder: Path) -> None:
    """Copy KServe's kinds out of its Go module, so that they fit the manager built from it."""
    module = tools.module_folder(controlplane_folder() / KSERVE.module, _KSERVE_MODULE)
    for crd_set in CRD_SETS:
        target = folder / "crds" / crd_set
        target.mkdir(parents=True, exist_ok=True)
        for pattern in _CRD_FILES:
            for file in (module / "config" / "crd" / crd_set).glob(pattern):
                temporary = target / f".{file.name}"
                temporary.write_bytes(file.read_bytes())
                temporary.replace(target / file.name)
        if not Programs(folder).crd_files(crd_set):
            raise SandboxError(f"KServe's Go module has no kinds in config/crd/{crd_set}.")


def check_resources(home: Path, *, disk: int = NEEDED_DISK, memory: int = NEEDED_MEMORY) -> None:
    """Look whether a build can succeed before minutes are spent on it.

    Raises:
        SandboxError: Too little free disk or memory.

    """
    if (free := shutil.disk_usage(home).free) < disk:
        raise SandboxError(
            f"Building needs {disk // GIGABYTE} GB of disk, {home} has "
            f"{free / GIGABYTE:.1f} GB free.",
            remedy="Free some, or set ODH_NIM_CACHE_HOME to a folder elsewhere.",
        )
    available = available_memory()
    if available is not None and available < memory:
        raise SandboxError(
            f"Building needs {memory / GIGABYTE:.1f} GB of memory, "
            f"{available / GIGABYTE:.1f} GB are available.",
            remedy="Close other programs and run it again.",
        )


def available_memory() -> int | None:
    """Give the memory a new program could have, in bytes; None where the system does not tell."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def compile_program(tools: GoTools, module: Path, output: Path, report: Report) -> None:
    """Compile the program of one Go module; an older output stays until the new one is whole.

    Raises:
        SandboxError: The sources cannot be fetched or compiled.

    """
    report.step(f"Fetching the sources of {output.name}")
    stale = _run(
        tools,
        module,
        ("list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."),
        lambda line: report.update(line) if line.startswith(_DOWNLOADING) else None,
    )
    total = len(stale.split())
    report.step(f"Compiling {output.name}")
    compiled = 0

    def count(line: str) -> None:
        nonlocal compiled
        if _PACKAGE.fullmatch(line):
            compiled += 1
            report.update(f"{min(compiled, total)} of {total} packages")

    fresh = output.with_name(f".{output.name}.new")
    _run(tools, module, ("build", "-v", "-o", str(fresh), "."), count)
    fresh.replace(output)


def _run(
    tools: GoTools, module: Path, arguments: Sequence[str], on_line: Callable[[str], None]
) -> str:
    """Run the tool chain to its end; it is ended with all it has started when we are."""
    verb, *others = arguments
    process = subprocess.Popen(  # noqa: S603 - a tool chain that was found on PATH
        [str(tools.program), verb, *BUILD_FLAGS, *others],
        cwd=module,
        env=tools.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # An own group, so that a Ctrl-C ends compilers in an order that we know.
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    printed: list[str] = []
    reader = threading.Thread(target=lambda out: printed.append(out.read()), args=(process.stdout,))
    reader.start()
    lines: list[str] = []
    try:
        for line in process.stderr:
            lines.append(line.rstrip())
            on_line(lines[-1])
        process.wait()
    except BaseException:
        _end_group(process)
        raise
    finally:
        reader.join()
        process.stdout.close()
        process.stderr.close()
    if process.returncode != 0:
        raise _failure(verb, lines)
    return "".join(printed)


def _end_group(process: "subprocess.Popen[str]") -> None:
    """End the tool chain and its compilers; return when none of them is left."""
    deadline = time.monotonic() + _END_SECONDS
    number = signal.SIGTERM
    # A group lives as long as its last member, also when its leader is gone.
    while True:
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            # Gone; some systems refuse where only a zombie is left.
            process.wait()
            return
        process.poll()
        time.sleep(_END_POLL)
        number = signal.SIGKILL if time.monotonic() > deadline else signal.SIGTERM


def _failure(verb: str, lines: list[str]) -> SandboxError:
    told = [line for line in lines if line and not _PACKAGE.fullmatch(line)]
    last = "\n".join(f"  {line}" for line in told[-_ERROR_LINES:])
    return SandboxError(
        f"`go {verb}` failed:\n{last}\n",
        remedy="What is compiled so far is kept: run `odh-nim sandbox build` again to go on.",
    )


@contextmanager
def _lock(path: Path, report: Report) -> Iterator[None]:
    """Let one process build at a time; the others wait and then find everything done."""
    with path.open("w", encoding="ascii") as file:
        waiting = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waiting:
                    report.step("Waiting for another build of the same programs")
                    waiting = True
                time.sleep(_POLL)
        yield
