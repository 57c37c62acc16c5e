"""P3: `odh-nim deploy` to accepted, against `kubectl apply` of the same manifests twice.

Both run as commands on the whole control plane, in turns, each time in a fresh project; the other
side is a dry run on the server and then the real one, as a careful person would do it. Where there
is no kubectl, a bare client of one process makes the same calls one after the other.

Calls and sequential round trips are counted by a proxy that holds every call back for a while, so
that what could go out together does.
"""

import asyncio
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from odh_nim.manifests.yaml import dump_yaml, load_yaml
from odh_nim.sandbox.layout import write_private
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings
from support.bytecode import with_bytecode
from support.control_plane import make_project
from support.fault_proxy import FaultProxy
from support.faults import Call

ROUNDS = 5
CALLS, TRIPS, RATIO = 25, 8, 1.5
LATENCY = 0.3
MODEL = "meta/llama-3.1-8b-instruct"
OURS = (sys.executable, "-m", "odh_nim")
# Reads manifests; creates each twice, first as a dry run.
BARE = """
import json, os, ssl, sys
import httpx2
from odh_nim.cluster import load_kubeconfig
from odh_nim.cluster.paths import collection
from odh_nim.domain.resources import resource_of
from odh_nim.manifests.yaml import load_all
config = load_kubeconfig(environ=os.environ)
context = ssl.create_default_context(cadata=config.ca_data.decode())
headers = {"Authorization": f"Bearer {config.token}"}
manifests = load_all(open(sys.argv[1], encoding="utf-8").read())
with httpx2.Client(base_url=config.server, verify=context, headers=headers) as client:
    for query in ({"dryRun": "All"}, {}):
        for manifest in manifests:
            path = collection(resource_of(manifest), manifest["metadata"]["namespace"])
            client.post(path, params=query, json=manifest).raise_for_status()
"""


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    answer = subprocess.run(
        arguments, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr.decode()
    return time.perf_counter() - began


def deploy(namespace: str) -> tuple[str, ...]:
    return (*OURS, "deploy", MODEL, "-n", namespace, "--name", "demo", "--no-wait")


def project(plane: ControlPlane, environment: Mapping[str, str]) -> str:
    """Make a project with a key, as both sides find it."""
    namespace = make_project(plane)
    key = str(plane.key_file("good"))
    run((*OURS, "keys", "set", "-n", namespace, "--key-file", key), environment)
    return namespace


def others(file: str) -> list[tuple[str, ...]]:
    """Give the commands of the other side."""
    if shutil.which("kubectl") is None:
        return [(sys.executable, "-c", BARE, file)]
    return [
        ("kubectl", "apply", "--dry-run=server", "-f", file),
        ("kubectl", "apply", "-f", file),
    ]


def time_both(plane: ControlPlane, environment: Mapping[str, str], folder: Path) -> None:
    file = str(folder / "manifests.yaml")
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        namespace = project(plane, environment)
        ours.append(run(deploy(namespace), environment))
        namespace = project(plane, environment)
        shown = subprocess.run(
            (*deploy(namespace), "--dry-run", "-o", "yaml"),
            env=environment,
            capture_output=True,
            check=True,
        )
        Path(file).write_bytes(shown.stdout)
        theirs.append(sum(run(command, environment) for command in others(file)))
    mine, other = statistics.median(ours), statistics.median(theirs)
    name = "kubectl apply, twice" if shutil.which("kubectl") else "bare client, twice"
    print(f"odh-nim deploy, all checks included: {mine * 1000:6.0f} ms")
    print(f"{name}:{other * 1000:>{36 - len(name)}.0f} ms")
    show("time, as a ratio", mine / other, RATIO, " x")


def show(what: str, found: float, budget: float, unit: str = "") -> None:
    verdict = "within" if found <= budget else "OVER"
    print(f"{what:<36}{found:6.2f}{unit:<3} budget {budget}{unit}: {verdict}")


async def count(plane: ControlPlane, environment: Mapping[str, str], namespace: str) -> list[Call]:
    """Deploy through a proxy; give the calls to the API server."""
    context = ssl.create_default_context(cafile=plane.layout.certificates / "ca.crt")
    with tempfile.TemporaryDirectory() as folder:
        async with FaultProxy(plane.config_for("alice").server, verify=context) as proxy:
            proxy.latency = LATENCY
            data: dict[str, Any] = load_yaml(plane.kubeconfig("alice").read_text(encoding="utf-8"))
            data["clusters"][0]["cluster"] = {"server": proxy.url}
            kubeconfig = Path(folder) / "kubeconfig"
            write_private(kubeconfig, dump_yaml(data))
            through = {**environment, "KUBECONFIG": str(kubeconfig)}
            await asyncio.to_thread(run, deploy(namespace), through)
            return list(proxy.calls)


def round_trips(calls: Sequence[Call]) -> int:
    """Count the calls of the longest row in which each began after the one before had ended."""
    trips, ended = 0, float("-inf")
    for call in sorted(calls, key=lambda call: call.ended):
        if call.began >= ended:
            trips, ended = trips + 1, call.ended
    return trips


def main() -> None:
    settings = Settings.from_environment(os.environ)
    with (
        tempfile.TemporaryDirectory() as folder,
        ControlPlane.start(
            Path(folder) / "plane", cache_home=settings.cache_home, programs=settings.sandbox_bin
        ) as plane,
    ):
        compiled = Path(folder) / "compiled"
        environment = with_bytecode(os.environ | plane.environment("alice"), compiled)
        run(deploy(project(plane, environment)), environment)
        print(f"P3  odh-nim deploy to accepted, median of {ROUNDS}\n")
        time_both(plane, environment, Path(folder))
        calls = asyncio.run(count(plane, environment, project(plane, environment)))
        show("calls to the API server", len(calls), CALLS)
        show("sequential round trips", round_trips(calls), TRIPS)
        if "-v" in sys.argv:
            first = min(call.began for call in calls)
            for call in calls:
                print(f"{call.began - first:7.3f} {call.method:<6} {call.target}")


if __name__ == "__main__":
    main()
