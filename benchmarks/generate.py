"""P2: `odh-nim catalog generate` against its floor, a bare client and a sequential one.

All talk to NVIDIA's stand-in in a process of its own, on loopback, in one run. Absolute times
depend on the machine; what counts are the ratios.

The floor is what the network alone takes: one round trip for the check, one for the list, and
ceil(models / at once) for the models. The bare client makes the same calls, as many at once, and
does nothing with the answers but parse them. The sequential client asks one model after the other.
"""

import asyncio
import contextlib
import io
import json
import logging
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from odh_nim.catalog import parse_catalog
from odh_nim.catalog.store import read_config_map
from odh_nim.cli import catalog_generate
from odh_nim.sandbox.nvidia import change, clear_journal, dummy_key, read_journal

AT_ONCE = 16
BUDGET = 1.15
LATENCIES = (0, 50, 200)
ROUNDS = 5
MODELS_TO_LOAD = 1000
LOAD_BUDGET_MS = 50
KEY = dummy_key("good").value
CATALOG = Path(__file__).parents[1] / "config" / "catalog" / "nvidia-nim-models-data.yaml"
STAND_IN = """
import asyncio, sys
from odh_nim.sandbox.nvidia import NvidiaStandIn

async def serve():
    async with NvidiaStandIn() as stand_in:
        print(stand_in.url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(serve())
"""


class CountedBytes(logging.Handler):
    """Adds up what the adapter says it has read."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.total = 0

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and isinstance(record.args[-1], int):
            self.total += record.args[-1]


@contextmanager
def stand_in() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", STAND_IN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


async def ours(output: Path, *, metadata: bool) -> None:
    access = catalog_generate.Access(None, "NGC_API_KEY", AT_ONCE, 30, 300)
    request = catalog_generate.Generate(
        access=access,
        output=output,
        patterns=(),
        models_file=None,
        max_tags=None,
        name=None,
        namespace=None,
        allow_missing=0,
        baseline=None,
        eu_list=None,
        no_eu_list=False,
        date=None,
        metadata=metadata,
    )
    with contextlib.redirect_stderr(io.StringIO()):
        await catalog_generate.generate(request)


def check_and_list(client: Any) -> Any:
    """Give the two calls that every client begins with."""
    query = json.dumps({"query": "orgName:nim", "page": 0, "pageSize": 1000})
    check = client.post(
        "/v3/keys/get-caller-info",
        data={"credentials": KEY},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    return check, lambda: client.get("/v2/search/catalog/resources/CONTAINER", params={"q": query})


def paths(listing: Any) -> list[str]:
    (group,) = [each for each in listing.json()["results"] if each["groupValue"] == "CONTAINER"]
    ids = (resource["resourceId"].split("/") for resource in group["resources"])
    return [f"/v2/org/{org}/team/{team}/repos/{name}" for org, team, name in ids]


async def bare(url: str) -> int:
    gate = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(base_url=url, http2=True, verify=False) as client:
        check, search = check_and_list(client)
        await check
        listing = await search()

        async def model(path: str) -> int:
            async with gate:
                answer = await client.get(path, headers=headers)
            answer.json()
            return len(answer.content)

        return sum(await asyncio.gather(*map(model, paths(listing))))


def sequential(url: str) -> None:
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        _, search = check_and_list(client)
        for path in paths(search()):
            client.get(path).json()


def best(*runs: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Give the best time of each; taken in turns, so that a busy moment meets all of them."""
    times = [math.inf] * len(runs)
    for _ in range(rounds):
        for number, run in enumerate(runs):
            began = time.perf_counter()
            run()
            times[number] = min(times[number], time.perf_counter() - began)
    return times


def compare(url: str, output: Path) -> float:
    """Print a line a latency; give the ratio that the budget is about."""
    ratio = 0.0
    print(f"{'reply':>7} {'floor':>7} {'bare':>7} {'ours':>7} {'ours/floor':>11} {'ours/bare':>10} "
          f"{'sequential':>11} {'seq/ours':>9} {'+metadata':>10}")  # fmt: skip
    for latency in LATENCIES:
        change(url, latency_ms=latency)
        models = 186
        floor = (2 + math.ceil(models / AT_ONCE)) * latency / 1000
        fast, mine = best(
            lambda: asyncio.run(bare(url)), lambda: asyncio.run(ours(output, metadata=False))
        )
        slow, more = best(
            lambda: sequential(url), lambda: asyncio.run(ours(output, metadata=True)), rounds=1
        )
        ratio = mine / fast
        over_floor = f"{mine / floor:.2f} x" if floor else "-"
        print(f"{latency:>4} ms {floor:6.2f}s {fast:6.2f}s {mine:6.2f}s {over_floor:>11} "
              f"{ratio:>8.2f} x {slow:10.2f}s {slow / mine:>7.1f} x {more:9.2f}s")  # fmt: skip
    return ratio


def count(url: str, output: Path) -> None:
    change(url, latency_ms=0)
    counted = CountedBytes()
    log = logging.getLogger("odh_nim.ngc.transport")
    log.addHandler(counted)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    for metadata in (False, True):
        clear_journal(url)
        counted.total = 0
        asyncio.run(ours(output, metadata=metadata))
        words = "with metadata" if metadata else "plain"
        print(f"{words}: {len(read_journal(url))} calls, {counted.total:,} bytes read")


def load() -> None:
    """Print how long a catalogue of 1,000 models takes to read."""
    shipped = read_config_map(CATALOG)
    texts = list(shipped["data"].items())
    shipped["data"] = {
        f"{number}-{key}": text.replace(f'"name": "{key}"', f'"name": "{number}-{key}"')
        for number in range(math.ceil(MODELS_TO_LOAD / len(texts)))
        for key, text in texts
    }
    shipped["data"] = dict(list(shipped["data"].items())[:MODELS_TO_LOAD])
    assert len(parse_catalog(shipped).models) == MODELS_TO_LOAD
    (took,) = best(lambda: parse_catalog(shipped), rounds=15)
    print(f"load of {MODELS_TO_LOAD} models: {took * 1000:.1f} ms (budget {LOAD_BUDGET_MS} ms)")


def main() -> None:
    print(f"P2  catalog generate, 186 models, {AT_ONCE} at once\n")
    with tempfile.TemporaryDirectory() as folder, stand_in() as url:
        os.environ |= {"ODH_NIM_NGC_URL": url, "NGC_API_KEY": KEY}
        output = Path(folder) / "catalog.yaml"
        ratio = compare(url, output)
        print(f"\nat {LATENCIES[-1]} ms: {ratio:.2f} x the bare client (budget {BUDGET} x): "
              f"{'within' if ratio <= BUDGET else 'OVER'}")  # fmt: skip
        count(url, output)
    load()


if __name__ == "__main__":
    main()
