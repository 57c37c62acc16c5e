"""The file that is replaced: whole or not at all, whatever happens (R-CAT-06)."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from faults.catalog.conftest import KEY, OLD, Generator
from odh_nim.catalog.store import read_catalog_file
from odh_nim.sandbox.nvidia import Fault

NOBODY = 65534


def command(generator: Generator, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "odh_nim", "catalog", "generate", "--no-eu-list"),
        *("--output", str(generator.output), "--key-file", "-", *options),
    ]


def test_full_disk_leaves_the_old_file(generator: Generator) -> None:
    """R-CAT-06: no file of the process may grow beyond 1,000 bytes."""

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    result = subprocess.run(
        command(generator),
        input=KEY,
        preexec_fn=no_room,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1, result.stderr
    assert "cannot be written: File too large; what was there is unchanged" in result.stderr
    assert generator.output.read_text() == OLD
    assert list(generator.output.parent.iterdir()) == [generator.output]
    assert KEY not in result.stdout + result.stderr


@pytest.mark.skipif(not shutil.which("mount") or os.getuid() != 0, reason="mounting needs root")
def test_full_file_system_leaves_the_old_file(generator: Generator) -> None:
    """R-CAT-06; F42: a disk of 16 KiB, in a mount namespace of its own."""
    disk = generator.output.parent
    script = f"""
        mount -t tmpfs -o size=16k tmpfs {disk} || exit 77
        printf '%s' '{OLD.strip()}' > {generator.output}
        {" ".join(command(generator))}
        echo "code $?"
        cat {generator.output}; echo; ls -A {disk} | wc -l
    """
    result = subprocess.run(
        ["unshare", "--mount", "bash", "-c", textwrap.dedent(script)],
        input=KEY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if result.returncode == 77 or "unshare" in result.stderr:
        pytest.skip("this machine lets nobody mount a disk")

    assert "No space left on device; what was there is unchanged" in result.stderr
    assert result.stdout.splitlines() == ["code 1", OLD.strip(), "1"]


# Root may write everywhere, so the question is asked as somebody else.
AS_NOBODY = f"""
    import os, sys, tempfile
    from pathlib import Path
    from odh_nim.catalog.store import check_writable

    if os.getuid() == 0:
        os.setuid({NOBODY})
    check_writable(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "code"), [(0o777, 0o666, 0), (0o555, 0o666, 1), (0o777, 0o444, 1)]
)
def test_place_that_may_not_be_written_is_told(folder_mode: int, file_mode: int, code: int) -> None:
    # pytest's own folders are closed to others.
    """F42."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output = folder / "catalog.yaml"
        output.write_text(OLD)
        output.chmod(file_mode)
        folder.chmod(folder_mode)

        result = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(AS_NOBODY), str(output)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        folder.chmod(0o755)

        assert list(folder.iterdir()) == [output]
    assert result.returncode == code, result.stderr
    told = "cannot be written: Permission denied; what was there is unchanged" in result.stderr
    assert told is bool(code)


@pytest.mark.parametrize("where", ["missing/catalog.yaml", "catalog.yaml/x"])
def test_place_that_cannot_hold_a_file_is_told_before_anything_is_asked(
    generator: Generator, where: str
) -> None:
    output = generator.output.parent / where

    outcome = generator.shell.run(
        "catalog", "generate", "--output", str(output), "--key-file", "-", stdin=KEY
    )

    assert outcome.code == 1
    assert "cannot be written" in outcome.error_line
    assert generator.asked() == []


@pytest.mark.parametrize("kind", ["fifo", "device", "loop", "long"])
def test_place_that_is_no_file_is_told_before_anything_is_asked(
    generator: Generator, kind: str, tmp_path: Path
) -> None:
    """F42: nor is a pipe waited for."""
    output = tmp_path / "odd"
    if kind == "fifo":
        os.mkfifo(output)
    elif kind == "device":
        output.symlink_to("/dev/null")
    elif kind == "loop":
        output.symlink_to(tmp_path / "back")
        (tmp_path / "back").symlink_to(output)
    else:
        output = tmp_path / ("n" * 300)

    outcome = generator.shell.run(
        "catalog", "generate", "--output", str(output), "--key-file", "-", stdin=KEY
    )

    assert outcome.code == 1
    assert "cannot be written" in outcome.error_line
    assert generator.asked() == []


def test_link_stays_a_link(generator: Generator) -> None:
    """S16."""
    target = generator.output.parent.parent / "elsewhere.yaml"
    generator.output.replace(target)
    generator.output.symlink_to(target)

    assert generator.run().code == 0

    assert generator.output.is_symlink()
    assert len(read_catalog_file(target).models) == 60


# Kills the process before the n-th line that writing the file executes, for every n.
KILLED_AT_EVERY_LINE = """
    import os, signal, sys
    from pathlib import Path
    from odh_nim.catalog import store

    output = Path(sys.argv[1])
    for line in range(1, 1000):
        output.write_text("old")
        child = os.fork()
        if child == 0:
            left = line
            def trace(frame, event, argument):
                global left
                if event == "line" and frame.f_code.co_filename == store.__file__:
                    left -= 1
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                return trace
            sys.settrace(trace)
            store.write_text("new" * 100_000, output)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(output.read_text()[:3], len(output.read_text()), os.WIFSIGNALED(status))
        if not os.WIFSIGNALED(status):
            break
"""


def test_killed_at_any_line_the_old_or_the_new_file_is_there_whole(tmp_path: Path) -> None:
    """R-CAT-06; F41, I8."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED_AT_EVERY_LINE), str(tmp_path / "catalog")],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    lines = result.stdout.splitlines()
    assert len(lines) > 15
    assert lines[-1] == "new 300000 False"
    assert set(lines) == {"old 3 True", "new 300000 True", "new 300000 False"}
    # Once new, it is never old again: the rename is the one step that counts.
    assert lines == sorted(lines, key=lambda line: line.startswith("new"))


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5])
def test_command_killed_at_some_moment_leaves_a_whole_file(
    generator: Generator, moment: float
) -> None:
    """R-CAT-06; F41, I8: the real command, with slow answers so that there is something to kill."""
    generator.nvidia.state.latency_ms = 40
    with subprocess.Popen(
        command(generator),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(KEY)
        process.stdin.close()
        time.sleep(moment)
        process.kill()

    text = generator.output.read_text()
    assert text == OLD or len(read_catalog_file(generator.output).models) == 60


def test_interrupt_leaves_the_old_file_and_nothing_beside_it(generator: Generator) -> None:
    generator.fault(Fault("hang", path="/v2/org"))
    with subprocess.Popen(
        command(generator), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(KEY)
        process.stdin.close()
        until = time.monotonic() + 30
        while not generator.asked("/v2/org") and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()

    assert process.returncode == 130
    assert "Stopped." in errors
    assert "Traceback" not in errors
    assert generator.output.read_text() == OLD
    assert list(generator.output.parent.iterdir()) == [generator.output]
