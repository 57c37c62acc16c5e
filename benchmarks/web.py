"""P10: the page's server under mixed reads: rate, p99, memory; then the same beside slow clients.

The server is a program of its own on one core, in front of a real API server, and every request
carries the token of one of three people. `--rate` requests a second are begun whether earlier ones
have ended or not, so a slow answer delays nobody else's question. Ten seconds unless `--minutes`
says more; memory is read every second.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from odh_nim.sandbox.seed import Variant
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings

RATE, BUDGET_MS, BUDGET_MIB, GROWTH = 300, 250, 256, 5
SLOW_CLIENTS = 500
PEOPLE = {"alice": "team-a", "bob": "team-b", "vera": "team-a"}
# What pages ask for, as often as they do: the catalogue is asked for with what is known of it.
READS = (
    (4, "/api/v1/models"),
    (3, "/api/v1/deployments?project={project}"),
    (2, "/api/v1/projects/{project}/storage"),
    (1, "/api/v1/session"),
    (1, "/api/v1/configuration"),
    (1, "/api/v1/projects/{project}/hardware"),
    (3, "/models"),
)


@dataclass
class Seen:
    """What came of it."""

    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def p(self, hundredth: int) -> float:
        return statistics.quantiles(self.times, n=100)[hundredth - 1] * 1000


class Connections:
    """Connections that are kept open, as browsers do."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, head: bytes) -> int:
        reader, writer = (
            self._free.pop()
            if self._free
            else await asyncio.open_connection("127.0.0.1", self._port)
        )
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        _, _, rest = answer.lower().partition(b"content-length: ")
        if rest:
            await reader.readexactly(int(rest.partition(b"\r\n")[0]))
        self._free.append((reader, writer))
        return status


def requests(plane: ControlPlane, etag: str) -> Iterator[bytes]:
    """Make requests for ever, mixed as pages mix them."""
    paths = [path for times, path in READS for _ in range(times)]
    chance = random.Random(1)  # noqa: S311 - the same mix in every run
    tokens = {name: plane.config_for(name).token for name in PEOPLE}
    while True:
        name = chance.choice(list(PEOPLE))
        path = chance.choice(paths).format(project=PEOPLE[name])
        yield (
            f"GET {path} HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n"
            f"X-Forwarded-Access-Token: {tokens[name]}\r\n\r\n"
        ).encode()


async def load(plane: ControlPlane, port: int, pid: int, *, rate: int, seconds: float) -> Seen:
    """Begin so many requests a second for so long."""
    seen, connections = Seen(), Connections(port)
    etag = await first_etag(plane, port)
    loop = asyncio.get_running_loop()

    async def one(head: bytes) -> None:
        began = loop.time()
        try:
            status = await asyncio.wait_for(connections.ask(head), 30)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            seen.failures.append(type(error).__name__)
            # It counts as it felt.
            seen.times.append(loop.time() - began)
            return
        seen.times.append(loop.time() - began)
        # Without a built page its addresses answer 503, which costs the same.
        if status >= 500 and b"GET /models " not in head:
            seen.failures.append(f"{status} {head.split()[1].decode()}")

    began, tasks, mixed = loop.time(), set(), requests(plane, etag)
    for number in itertools.count():
        due = began + number / rate
        if due > began + seconds:
            break
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        if number % rate == 0:
            seen.memory.append(memory_of(pid))
        task = asyncio.create_task(one(next(mixed)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    seen.seconds = loop.time() - began
    return seen


async def first_etag(plane: ControlPlane, port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = plane.config_for("alice").token
    writer.write(
        f"GET /api/v1/models HTTP/1.1\r\nHost: a\r\nX-Forwarded-Access-Token: {token}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    await reader.read()
    writer.close()
    return head.partition("etag: ")[2].partition("\r\n")[0]


async def slow_clients(port: int, number: int) -> None:
    """Open connections that send a byte of a head now and then, again when they are cut off."""

    async def one() -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX: slow":
                    if writer.is_closing():
                        break
                    writer.write(bytes([byte]))
                    await asyncio.sleep(2)
                writer.close()
            await asyncio.sleep(1)

    await asyncio.gather(*(one() for _ in range(number)))


def memory_of(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


@contextmanager
def serve(plane: ControlPlane, home: Path, port: int) -> Iterator[int]:
    environment = os.environ | plane.environment("admin")
    with (home / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "odh_nim", "serve", "--port", str(port)]
        server = subprocess.Popen(command, env=environment, stderr=log)
        os.sched_setaffinity(server.pid, {max(os.sched_getaffinity(0))})
        try:
            while _health(port) == b"":
                assert server.poll() is None, (home / "server.log").read_text()
                time.sleep(0.1)
            yield server.pid
        finally:
            server.terminate()
            server.wait(20)


def _health(port: int) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as link:
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return link.recv(100)
    except OSError:
        return b""


def show(title: str, seen: Seen, rate: int) -> None:
    done = len(seen.times) / seen.seconds
    growth = 100 * (max(seen.memory) / seen.memory[min(3, len(seen.memory) - 1)] - 1)
    print(
        f"{title}: {done:.0f} of {rate} requests/s, p50 {seen.p(50):.0f} ms, "
        f"p99 {seen.p(99):.0f} ms "
        f"({seen.p(99) / BUDGET_MS:.2f} x the budget), {len(seen.failures)} failures, "
        f"{max(seen.memory)} MiB ({max(seen.memory) / BUDGET_MIB:.2f} x), growth {growth:.0f} %"
    )
    for failure in sorted(set(seen.failures))[:5]:
        print(f"  {seen.failures.count(failure)} x {failure}")


async def measure(plane: ControlPlane, port: int, pid: int, rate: int, seconds: float) -> None:
    await load(plane, port, pid, rate=30, seconds=2)
    alone = await load(plane, port, pid, rate=rate, seconds=seconds)
    show("P10 mixed reads", alone, rate)
    slow = asyncio.create_task(slow_clients(port, SLOW_CLIENTS))
    await asyncio.sleep(1)
    beside = await load(plane, port, pid, rate=rate, seconds=seconds)
    slow.cancel()
    show(f"T10 beside {SLOW_CLIENTS} slow clients", beside, rate)
    print(f"  p99 {beside.p(99) / alone.p(99):.2f} x of without them (budget 2.00)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1 / 6)
    parser.add_argument("--rate", type=int, default=RATE)
    chosen = parser.parse_args()
    settings = Settings.from_environment(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), 20000 + os.getpid() % 10000
        with (
            ControlPlane.start(
                home / "plane", cache_home=settings.cache_home, programs=settings.sandbox_bin,
                variant=Variant.OPEN_DATA_HUB, kserve=False, kubelet=False,
            ) as plane,
            serve(plane, home, port) as pid,
        ):  # fmt: skip
            asyncio.run(measure(plane, port, pid, chosen.rate, chosen.minutes * 60))


if __name__ == "__main__":
    main()
