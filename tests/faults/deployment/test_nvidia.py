"""Every call to NVIDIA under every fault: a key that nobody vouched for is never stored."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.deployment.stage import FAULTS, KINDS
from odh_nim.cli import deploy_flow, keys_flow, wiring
from odh_nim.cli.common import Target
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.cluster import Client
from odh_nim.domain.errors import KeyRefusedError, NgcUnavailableError, OdhNimError
from odh_nim.journeys.key_use import Nvidia
from odh_nim.ngc import NgcClient
from odh_nim.ngc.transport import Timeouts
from odh_nim.registry import RegistryClient
from odh_nim.sandbox.testing import ControlPlane
from support.control_plane import make_project
from support.fault_proxy import FaultProxy
from support.faults import Fault, Plan
from support.leaks import leaks
from support.witness import look

pytestmark = pytest.mark.anyio
# Short, so that a server that hangs costs a test a moment.
SECONDS = 1.0
# NVIDIA's word on the key, and at the same time the registry's on the image: a token, the answer.
CALLS = 3
# What NVIDIA says of a key that it does not let in.
REFUSALS = (Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.QUOTA, Fault.TERMINATING)


def objects(name: str) -> set[str]:
    return {
        f"Secret/nvidia-nim-secrets-{name}",
        f"Secret/nvidia-nim-image-pull-{name}",
        f"PersistentVolumeClaim/nim-pvc-{name}",
        f"ServingRuntime/{name}",
        f"InferenceService/{name}",
    }


@dataclass(frozen=True)
class Desk:
    """A project without a key, and a person whose way to NVIDIA leads through a proxy."""

    plane: ControlPlane
    namespace: str
    proxy: FaultProxy
    admin: Client

    @property
    def target(self) -> Target:
        return Target(self.namespace, kubeconfig=str(self.plane.kubeconfig("alice")))

    @property
    def key_file(self) -> Path:
        return self.plane.key_file("good")

    @property
    def key(self) -> str:
        return self.key_file.read_text(encoding="ascii").strip()

    async def made(self) -> set[str]:
        return set((await look(self.admin, self.namespace, KINDS)).objects)

    async def set_key(self) -> None:
        request = keys_flow.SetKey(None, str(self.key_file), False, False, None, "table")  # noqa: FBT003 - as the command gives them
        await keys_flow.set_key(self.target, request, self.plane.applications_namespace)

    async def deploy(self, name: str = "llama") -> None:
        options = DeployOptions(
            "meta/llama-3.1-8b-instruct",
            name=name,
            key_file=str(self.key_file),
            own_key=True,
            wait=False,
        )
        await deploy_flow.run(self.target, options, self.plane.applications_namespace, "name")


@pytest.fixture
async def desk(
    bare_control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    plane = bare_control_plane
    namespace = await asyncio.to_thread(make_project, plane)

    async with FaultProxy(plane.ngc_url) as proxy, Client(plane.admin) as admin:

        @asynccontextmanager
        async def nvidia() -> AsyncIterator[Nvidia]:
            waits = Timeouts(connect=SECONDS, read=SECONDS, key_check=SECONDS)
            async with (
                NgcClient(proxy.url, timeouts=waits) as ngc,
                RegistryClient(proxy.url, total_timeout=SECONDS) as registry,
            ):
                yield Nvidia(ngc, registry)

        monkeypatch.setattr(wiring, "nvidia", nvidia)
        yield Desk(plane, namespace, proxy, admin)


async def test_key_is_not_stored_whatever_happens_to_the_question(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-KEY-04, R-TST-04, F25-F31: neither by `keys set` nor by `deploy`."""
    caplog.set_level(logging.DEBUG, logger="odh_nim")
    desk.proxy.counts = lambda call: call.path.endswith("/get-caller-info")
    for fault in FAULTS:
        for command in (desk.set_key, desk.deploy):
            desk.proxy.play(Plan(0, fault, times=None))

            with pytest.raises((KeyRefusedError, NgcUnavailableError)) as failure:
                await command()

            assert desk.proxy.played
            assert isinstance(failure.value, KeyRefusedError) is (fault in REFUSALS), fault
            assert leaks(f"{failure.value!r} {failure.value}", desk.key) == []
            assert await desk.made() == set(), fault
    shown = capsys.readouterr()
    assert leaks(caplog.text + shown.out + shown.err, desk.key) == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_at_any_call_to_nvidia_makes_all_or_nothing(
    desk: Desk, fault: Fault
) -> None:
    """R-KEY-04, R-DEP-03: cannot tell is not no; a pull that surely fails stops it."""
    for call in range(CALLS):
        name = f"llama-{call}"
        before = await desk.made()
        desk.proxy.play(Plan(call, fault))
        error: OdhNimError | None = None
        try:
            await desk.deploy(name)
        except OdhNimError as raised:
            error = raised

        assert desk.proxy.played, "the fault never happened: the scenario proves nothing"
        made = await desk.made() - before
        assert made == (set() if error else objects(name)), f"{call}: {error}"


async def test_calls_to_nvidia_are_what_the_scenarios_cover(desk: Desk) -> None:
    await desk.deploy()

    assert len(desk.proxy.numbered) == CALLS
    assert await desk.made() == objects("llama")


async def test_project_with_a_key_is_served_while_nvidia_is_away(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cannot tell is not no: a stored key is used, with a warning."""
    await desk.set_key()
    desk.proxy.play(Plan(0, Fault.RESET_BEFORE, times=None))
    options = DeployOptions("meta/llama-3.1-8b-instruct", name="llama", wait=False)

    await deploy_flow.run(desk.target, options, desk.plane.applications_namespace, "name")

    assert "InferenceService/llama" in await desk.made()
    assert "warning" in capsys.readouterr().err
