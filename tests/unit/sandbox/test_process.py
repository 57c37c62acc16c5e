import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from odh_nim.sandbox.process import (
    Process,
    identify,
    own_process,
    read_pid_file,
    write_pid_file,
)

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on'); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


def test_own_process_runs() -> None:
    assert own_process().pid == os.getpid()
    assert own_process().is_running()


def test_memory_is_known() -> None:
    memory = own_process().memory()

    assert memory is not None
    assert memory > 5_000_000


def test_number_that_now_belongs_to_another_process_is_not_taken_for_it(tmp_path: Path) -> None:
    """R-EXT-07: no process of somebody else is ever stopped."""
    path = tmp_path / "etcd.pid"
    path.write_text(f"{os.getpid()} long-ago\n")
    stranger = Process(os.getpid(), "long-ago")

    stranger.stop(0.1)

    assert read_pid_file(path) is None
    assert own_process().is_running()


def test_pid_file_gives_the_process_back(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    process = identify(sleeper.pid)
    assert process is not None

    write_pid_file(tmp_path / "x.pid", process)

    assert read_pid_file(tmp_path / "x.pid") == process


@pytest.mark.parametrize("text", ["", "none", "12", "12 ", "-5 x", "999999999 1"])
def test_broken_pid_file_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.pid").write_text(text)

    assert read_pid_file(tmp_path / "x.pid") is None


def test_zombie_does_not_run(sleeper: "subprocess.Popen[bytes]") -> None:
    process = identify(sleeper.pid)
    assert process is not None

    sleeper.send_signal(signal.SIGKILL)

    assert process.wait(5)
    assert identify(sleeper.pid) is None


def test_process_that_ignores_the_polite_signal_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-uc", STUBBORN], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = identify(child.pid)
        assert process is not None

        process.stop(0.2)

        assert child.wait(5) == -signal.SIGKILL
