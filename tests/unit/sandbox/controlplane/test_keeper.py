import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.controlplane.keeper import Keeper
from odh_nim.sandbox.controlplane.leftovers import stop_leftovers
from odh_nim.sandbox.controlplane.parts import Part
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.process import read_pid_file

SLEEP = "import time; print('began', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEP}"


def keeper_of(tmp_path: Path, code: str, *, name: str = "etcd") -> Keeper:
    layout = Layout(tmp_path)
    layout.make_folders()
    part = Part(name, (sys.executable, "-c", code), tmp_path)
    return Keeper(part, layout, lambda: None)


async def until_logged(keeper: Keeper, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + 10
    while keeper.log_end().count(text) < times:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.anyio
async def test_killed_part_is_started_again(tmp_path: Path) -> None:
    """R-EXT-07."""
    keeper = keeper_of(tmp_path, SLEEP)
    await keeper.start()
    first = keeper.process
    assert first is not None
    await until_logged(keeper, "began")

    os.kill(first.pid, signal.SIGKILL)
    await until_logged(keeper, "began", 2)

    assert keeper.restarts == 1
    assert keeper.process not in (None, first)
    await keeper.stop(5)


@pytest.mark.anyio
async def test_stopped_part_stays_stopped_and_leaves_no_pid_file(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, SLEEP)
    await keeper.start()
    process = keeper.process
    assert process is not None

    await keeper.stop(5)

    assert not process.is_running()
    assert keeper.process is None
    assert list((tmp_path / "run").glob("*.pid")) == []


@pytest.mark.anyio
async def test_part_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, STUBBORN)
    await keeper.start()
    process = keeper.process
    assert process is not None
    await until_logged(keeper, "began")

    await keeper.stop(0.2)

    assert not process.is_running()


@pytest.mark.anyio
async def test_part_that_cannot_live_is_tried_again_without_haste(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, "print('died', flush=True); raise SystemExit(1)")
    await keeper.start()

    await until_logged(keeper, "died", 2)
    await keeper.stop(5)

    # Pauses double: more than a few tries in this time would be a busy loop.
    assert keeper.restarts <= 4


@pytest.mark.anyio
async def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make_folders()
    part = Part("etcd", (str(tmp_path / "nowhere"),), tmp_path)

    with pytest.raises(SandboxError, match="etcd cannot be started"):
        await Keeper(part, layout, lambda: None).start()


@pytest.mark.anyio
async def test_proxies_and_kubeconfig_of_the_person_do_not_reach_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy")
    monkeypatch.setenv("KUBECONFIG", "/elsewhere")
    keeper = keeper_of(
        tmp_path,
        "import os, time; print(sorted({'https_proxy', 'KUBECONFIG'} & set(os.environ)), 'seen',"
        " flush=True); time.sleep(60)",
    )
    await keeper.start()

    await until_logged(keeper, "seen")
    await keeper.stop(5)

    assert keeper.log_end() == "[] seen"


@pytest.mark.anyio
async def test_what_a_killed_supervisor_left_is_stopped_each_time(tmp_path: Path) -> None:
    """R-EXT-07."""
    layout = Layout(tmp_path)
    for _ in range(2):
        keeper = keeper_of(tmp_path, SLEEP, name="kube-scheduler")
        await keeper.start()
        process = read_pid_file(layout.pid_file("kube-scheduler"))
        assert process is not None
        # As if this process had been killed: nobody keeps the part any more.
        assert keeper._task is not None
        keeper._task.cancel()

        stopped = await asyncio.to_thread(stop_leftovers, layout)

        assert stopped == ["kube-scheduler"]
        assert not process.is_running()
        assert stop_leftovers(layout) == []
        await keeper.stop(1)
