"""A whole control plane for tests: the sandbox itself, in a folder of its own, on a leash.

It ends with the process that started it, also when that is killed.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from odh_nim.cluster import ConnectionConfig, load_kubeconfig
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.lifecycle import (
    find_programs,
    lock,
    spawn,
    stop_unlocked,
    wait_until_ready,
)
from odh_nim.sandbox.seed import Variant
from odh_nim.sandbox.state import Order, State
from odh_nim.sandbox.usage import environment_of


def _nobody(_: str) -> None: ...


@dataclass(frozen=True)
class ControlPlane:
    """A control plane that runs."""

    layout: Layout
    state: State

    @classmethod
    @contextmanager
    def start(
        cls,
        home: Path,
        *,
        cache_home: Path,
        programs: Path | None = None,
        variant: Variant = Variant.OPEN_DATA_HUB,
        kserve: bool = True,
        kubelet: bool = True,
    ) -> Iterator[Self]:
        """Start it, and stop it at the end; its data is thrown away then.

        Raises:
            SandboxError: Its programs are not built, or it does not start.

        """
        order = Order(
            home=str(home),
            cache_home=str(cache_home),
            programs=str(find_programs(programs, cache_home).folder),
            variant=variant,
            kserve=kserve,
            kubelet=kubelet,
            leashed=True,
        )
        layout = Layout(home)
        with lock(layout), contextlib.ExitStack() as ending:
            child = spawn(order, layout, stdin=subprocess.PIPE)
            ending.callback(_end, child, layout)
            yield cls(layout, wait_until_ready(layout, _nobody, child=child))

    @property
    def variant(self) -> Variant:
        """Which cluster it plays."""
        return self.state.variant

    @property
    def applications_namespace(self) -> str:
        """Where the product is installed."""
        return self.state.applications_namespace

    @property
    def ngc_url(self) -> str:
        """Where NVIDIA's API is played."""
        return self.state.addresses["ngc"]

    @property
    def registry_url(self) -> str:
        """Where NVIDIA's registry is played."""
        return self.state.addresses["registry"]

    @property
    def admin(self) -> ConnectionConfig:
        """The connection of somebody who may do everything."""
        return self.config_for("admin")

    def config_for(self, user: str) -> ConnectionConfig:
        """Give a user's connection: admin, alice, bob or vera."""
        return load_kubeconfig(path=str(self.kubeconfig(user)), environ={})

    def kubeconfig(self, user: str) -> Path:
        """Give a user's kubeconfig."""
        return self.layout.kubeconfig(user)

    def key_file(self, name: str) -> Path:
        """Give the file with one of the dummy keys."""
        return self.layout.key_file(name)

    def environment(self, user: str) -> dict[str, str]:
        """Give what a command of this user needs in its environment."""
        return environment_of(self.layout, self.state, user)


def _end(child: "subprocess.Popen[bytes]", layout: Layout) -> None:
    assert child.stdin is not None
    child.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(30)
    stop_unlocked(layout)
    shutil.rmtree(layout.data, ignore_errors=True)
