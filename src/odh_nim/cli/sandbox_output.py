"""What `odh-nim sandbox` does and prints."""

import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from odh_nim.cli import wiring
from odh_nim.cli.output import Steps, note, print_data, print_table
from odh_nim.cli.sandbox_page import page_command
from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox import lifecycle
from odh_nim.sandbox.controlplane.facts import read_facts
from odh_nim.sandbox.health import describe
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.seed import Variant
from odh_nim.sandbox.state import Order, State
from odh_nim.sandbox.usage import add_contexts, environment_of, usage_of

_PLAIN_SECONDS: Final = 20
_MEBIBYTE: Final = 2**20
_READY: Final = "ready"


class SlowSteps(Steps):
    """Progress of something that takes minutes: without a terminal a line now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._told = self._began

    def update(self, text: str) -> None:
        """Say how far the running step is."""
        super().update(text)
        now = time.monotonic()
        if sys.stderr.isatty() or now - self._told < _PLAIN_SECONDS:
            return
        self._told = now
        minutes, seconds = divmod(int(now - self._began), 60)
        note(f"  {minutes}:{seconds:02} {text}")


def find_programs() -> Programs:
    """Find the programs.

    Raises:
        SandboxError: They are not built.

    """
    settings = wiring.settings()
    return lifecycle.find_programs(settings.sandbox_bin, settings.cache_home)


def find_or_build() -> Programs:
    """Find the programs, or build them.

    Raises:
        SandboxError: They cannot be built.

    """
    settings = wiring.settings()
    found = Programs.find(named=settings.sandbox_bin, cache_home=settings.cache_home)
    if found is not None:
        return found
    from odh_nim.sandbox.build import build_programs  # noqa: PLC0415 - seldom needed

    note("Building the control plane's programs: 6 to 20 minutes on two cores, once per version.")
    with SlowSteps() as steps:
        return build_programs(settings.cache_home, steps)


def start(variant: str | None) -> State:
    """Bring the sandbox up and tell the steps.

    Raises:
        SandboxError: It does not start.

    """
    settings = wiring.settings()
    programs = find_or_build()
    order = Order(
        home=str(settings.sandbox_home),
        cache_home=str(settings.cache_home),
        programs=str(programs.folder),
        variant=_variant(variant),
        page=page_command(),
    )
    with Steps() as steps:
        steps.step("Starting the sandbox")
        return lifecycle.start(order, lambda text: steps.step(text[:1].upper() + text[1:]))


def start_afresh(variant: str | None) -> State:
    """Throw the sandbox's data away and bring up a fresh one.

    Raises:
        SandboxError: It does not stop, or not start.

    """
    wanted = _variant(variant)
    lifecycle.reset(_layout())
    return start(wanted)


def stop() -> None:
    """Stop the sandbox and say what was stopped."""
    stopped = lifecycle.stop(_layout())
    note(f"Stopped: {', '.join(stopped)}." if stopped else "The sandbox was not up.")


def add_to_own_kubeconfig() -> None:
    """Add the users' contexts to the person's own kubeconfig."""
    layout = _layout()
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    path = Path(named or "~/.kube/config").expanduser()
    if layout.kubeconfigs in path.parents:
        # `sandbox env` has pointed this shell at the sandbox's own file.
        path = Path("~/.kube/config").expanduser()
    contexts = add_contexts(layout, path)
    note(f"Added to {path}: {', '.join(contexts)}.")


def print_usage(state: State) -> None:
    """Say how the sandbox is used."""
    click.echo(usage_of(_layout(), state))


def print_environment(user: str, shell: str | None) -> None:
    """Print commands for a shell to evaluate."""
    layout = _layout()
    variables = environment_of(layout, lifecycle.require_running(layout), user)
    fish = (shell or Path(os.environ.get("SHELL", "sh")).name) == "fish"
    for name, value in variables.items():
        quoted = shlex.quote(value)
        click.echo(f"set -gx {name} {quoted};" if fish else f"export {name}={quoted}")


def print_status(output: str) -> None:
    """Print the parts and how they are.

    Raises:
        SandboxError: Not all are ready.

    """
    description = describe(_layout())
    if output != "table":
        print_data(msgspec.to_builtins(description), output)
    elif description.parts:
        print_table(
            ["PART", "STATE", "PID", "RESTARTS", "MEMORY", "ADDRESS"],
            [_row(msgspec.to_builtins(part)) for part in description.parts],
        )
    if output == "table" and description.page_address:
        click.echo(f"\nThe page, once: {description.page_address}")
    if description.state != _READY:
        remedy = "Run `odh-nim sandbox up`."
        raise SandboxError(f"The sandbox is {description.state}.", remedy=remedy)


def _row(part: dict[str, Any]) -> list[str]:
    memory = part["memory_bytes"]
    return [
        part["name"],
        part["state"],
        str(part["pid"] or ""),
        str(part["restarts"]),
        f"{memory // _MEBIBYTE} MiB" if memory else "",
        part["address"],
    ]


def _layout() -> Layout:
    return Layout(wiring.settings().sandbox_home)


def _variant(named: str | None) -> Variant:
    facts = read_facts(_layout())
    if named is None and facts is not None:
        return facts.variant
    return Variant(named or Variant.OPEN_DATA_HUB)
