"""P4: a list of 5,000 deployments in 500 namespaces, against `kubectl get -A -o json`.

Both sides run as commands against one API server and read the same: every InferenceService and
every ServingRuntime. What counts are the ratio of the times and the peak memory of our process;
and how long it takes until a first page of 100 is there, in a process that runs already.

    python benchmarks/list.py [DEPLOYMENTS [NAMESPACES]]
"""

import asyncio
import copy
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from odh_nim.cluster import Client
from odh_nim.deployment.ownership import owner_reference
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import REQUEST_ID
from odh_nim.domain.resources import INFERENCE_SERVICES, SERVING_RUNTIMES
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings
from support.bytecode import with_bytecode
from support.deployments import plan

PROJECT = {"apiVersion": "v1", "kind": "Namespace"}
ROUNDS = 3
AT_ONCE = 24
PAGE = 100
MEMORY_MIB, FIRST_PAGE_SECONDS = 200, 1.0
OURS = (sys.executable, "-m", "odh_nim", "deployments", "list", "-A", "-o", "json")
KUBECTL = ("kubectl", "get", "inferenceservices,servingruntimes", "-A", "-o", "json")
# The same lists, read by a bare client that keeps every object as it is.
BARE = """
import json, os, ssl
import httpx2
from odh_nim.cluster import load_kubeconfig
from odh_nim.cluster.paths import collection
from odh_nim.domain.resources import INFERENCE_SERVICES, SERVING_RUNTIMES
config = load_kubeconfig(environ=os.environ)
context = ssl.create_default_context(cadata=config.ca_data.decode())
headers = {"Authorization": f"Bearer {config.token}"}
found = []
with httpx2.Client(base_url=config.server, verify=context, headers=headers) as client:
    for kind in (INFERENCE_SERVICES, SERVING_RUNTIMES):
        token = ""
        while True:
            query = {"limit": "500", "continue": token}
            page = client.get(collection(kind, None), params=query).raise_for_status().json()
            found += page["items"]
            token = page["metadata"].get("continue", "")
            if not token:
                break
print(json.dumps(found, indent=2))
"""


class Run(NamedTuple):
    seconds: float
    mib: float
    size: int


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run to the end; give its time, its peak memory and how much it printed."""
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - began
        assert process.returncode == 0, arguments
        return Run(took, usage.ru_maxrss / 1024, printed.tell())


async def fill(plane: ControlPlane, deployments: int, namespaces: int) -> None:
    """Make the projects, and in each its share of deployments."""
    *_, runtime, service = plan("request").manifests
    turn = asyncio.Semaphore(AT_ONCE)
    async with Client(plane.admin) as client:

        async def make_project(name: str) -> None:
            async with turn:
                await client.create({**PROJECT, "metadata": {"name": name}})

        async def make(number: int) -> None:
            place = f"llama-{number}", projects[number % namespaces]
            async with turn:
                owner = owner_reference(await client.create(placed(service, *place)))
                owned = placed(runtime, *place)
                owned["metadata"]["ownerReferences"] = [owner]
                await client.create(owned)

        projects = [f"p{number:03}" for number in range(namespaces)]
        await asyncio.gather(*map(make_project, projects))
        await asyncio.gather(*map(make, range(deployments)))


def placed(pattern: Manifest, name: str, namespace: str) -> Manifest:
    """Make one of many; each is of a request of its own."""
    item = copy.deepcopy(pattern)
    metadata = item["metadata"]
    metadata |= {"name": name, "namespace": namespace}
    metadata["annotations"][REQUEST_ID] = f"request-{name}"
    if item["kind"] == INFERENCE_SERVICES.kind:
        item["spec"]["predictor"]["model"]["runtime"] = name
    return item


async def first_page(plane: ControlPlane) -> float:
    """Read as much as a first page shows, with a new connection."""
    best = math.inf
    for _ in range(ROUNDS):
        async with Client(plane.admin) as client:
            began = time.perf_counter()
            await asyncio.gather(
                *(
                    client.list_page(kind, limit=PAGE)
                    for kind in (INFERENCE_SERVICES, SERVING_RUNTIMES)
                )
            )
            best = min(best, time.perf_counter() - began)
    return best


def verdict(*, good: bool) -> str:
    return "within" if good else "OVER"


def measure(plane: ControlPlane, environment: Mapping[str, str]) -> None:
    there = shutil.which("kubectl") is not None
    name = "kubectl get -A -o json" if there else "bare client"
    other = KUBECTL if there else (sys.executable, "-c", BARE)
    ours: list[Run] = []
    theirs: list[Run] = []
    for _ in range(ROUNDS):
        ours.append(run(OURS, environment))
        theirs.append(run(other, environment))
    mine, yours = min(ours), min(theirs)
    peak = max(one.mib for one in ours)
    page = asyncio.run(first_page(plane))
    print(f"{'':<30}{'time':>8}{'memory':>10}{'printed':>10}")
    for title, one in (("odh-nim deployments list -A", mine), (name, yours)):
        print(f"{title:<30}{one.seconds:6.2f} s{one.mib:6.0f} MiB{one.size / 2**20:6.1f} MiB")
    ratio = mine.seconds / yours.seconds
    print(f"\ntime, as a ratio   {ratio:5.2f} x    budget 1 x: {verdict(good=ratio <= 1)}")
    print(f"peak memory        {peak:5.0f} MiB  budget {MEMORY_MIB} MiB: "
          f"{verdict(good=peak <= MEMORY_MIB)}")  # fmt: skip
    print(f"first page of {PAGE}  {page:5.2f} s    budget {FIRST_PAGE_SECONDS} s: "
          f"{verdict(good=page <= FIRST_PAGE_SECONDS)}")  # fmt: skip


def main() -> None:
    deployments, namespaces, *_ = [*map(int, sys.argv[1:]), *(5000, 500)[len(sys.argv) - 1 :]]
    settings = Settings.from_environment(os.environ)
    with (
        tempfile.TemporaryDirectory() as folder,
        ControlPlane.start(
            Path(folder) / "plane",
            cache_home=settings.cache_home,
            programs=settings.sandbox_bin,
            kserve=False,
            kubelet=False,
        ) as plane,
    ):
        environment = with_bytecode(
            os.environ | plane.environment("admin"), Path(folder) / "compiled"
        )
        began = time.perf_counter()
        asyncio.run(fill(plane, deployments, namespaces))
        print(f"P4  {deployments:,} deployments in {namespaces} namespaces "
              f"(made in {time.perf_counter() - began:.0f} s)\n")  # fmt: skip
        measure(plane, environment)


if __name__ == "__main__":
    main()
