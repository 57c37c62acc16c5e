import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError
from odh_nim.sandbox.certificates import ensure_certificates
from odh_nim.sandbox.kubelet.behaviour import parse_behaviour
from odh_nim.sandbox.kubelet.container import Container, Exit, Stage, Surroundings
from odh_nim.sandbox.kubelet.log_server import log_app
from odh_nim.sandbox.kubelet.log_text import Line, lines
from odh_nim.sandbox.kubelet.logs import LogQuery, open_log, parse_query
from odh_nim.sandbox.kubelet.runner import KubeletStandIn
from odh_nim.sandbox.kubelet.timings import Timings
from odh_nim.sandbox.loopback import TlsFiles
from support.kubelet_cluster import FakeCluster, until
from support.kubelet_pods import IMAGE, pod, pull_secret

START = 1_700_000_000.0
LOG = "/containerLogs/team-a/llama/kserve-container"
RUNNING = Container("kserve-container", IMAGE, Stage.RUNNING, since=START)


class OpenRegistry:
    async def pull_status(self, image: str, key: ApiKey) -> int:
        return 200


class Pod:
    """A pod whose containers and clock a test moves."""

    def __init__(self, container: Container, behaviour: str = "slow-load=10s") -> None:
        self.containers = [container]
        self.is_gone = False
        self.now = START + 60
        self._behaviour = parse_behaviour(behaviour)
        self._change = asyncio.Event()

    def clock(self) -> float:
        return self.now

    def surroundings(self, container: Container) -> Surroundings:
        spec = {"name": container.name, "image": container.image}
        return Surroundings(spec, True, self._behaviour, Timings())  # noqa: FBT003 - is_model

    def next_change(self) -> asyncio.Event:
        return self._change

    def change(self, container: Container) -> None:
        self.containers = [container]
        change, self._change = self._change, asyncio.Event()
        change.set()

    async def read(self, **query: object) -> list[str]:
        log = open_log(self, "llama", "kserve-container", LogQuery(**query), self.clock)  # type: ignore[arg-type]  # as a test names them
        return [part.decode().rstrip("\n") async for part in log]


@asynccontextmanager
async def server(served: Pod) -> AsyncIterator[httpx2.AsyncClient]:
    class Pods:
        def find_pod(self, namespace: str, name: str) -> Pod | None:
            return served if (namespace, name) == ("team-a", "llama") else None

    transport = httpx2.ASGITransport(log_app(Pods(), served.clock))
    async with httpx2.AsyncClient(transport=transport, base_url="https://kubelet") as client:
        yield client


@pytest.mark.anyio
async def test_log_tells_how_the_model_was_loaded() -> None:
    """R-DEP-23."""
    async with server(Pod(RUNNING)) as client:
        answer = await client.get(LOG)

    assert answer.status_code == 200
    assert "downloading weights: 100% (15.0 of 15.0 GiB)" in answer.text
    assert answer.text.endswith("INFO server: listening on 0.0.0.0:8000\n")


@pytest.mark.anyio
async def test_log_holds_only_what_is_written_by_now() -> None:
    loading = Pod(RUNNING)
    loading.now = START + 3.6

    assert "INFO hub: downloading weights: 50% (7.5 of 15.0 GiB)" in await loading.read()
    assert "INFO engine: loading model" not in await loading.read()


@pytest.mark.anyio
async def test_log_is_cut_as_the_query_says() -> None:
    served = Pod(RUNNING)
    everything = await served.read()

    assert await served.read(tail_lines=2) == everything[-2:]
    assert await served.read(tail_lines=0) == []
    assert await served.read(tail_lines=1000) == everything
    assert await served.read(since=START + 9.9) == everything[-2:]
    assert "\n".join(await served.read(limit_bytes=120)) == "\n".join(everything)[:120]
    assert await served.read(limit_bytes=10) == ["INFO nim: "]


@pytest.mark.anyio
async def test_timestamps_are_put_before_the_lines() -> None:
    first = (await Pod(RUNNING).read(timestamps=True))[0]

    assert first.startswith("2023-11-14T22:13:20.000000000Z INFO nim: starting")


@pytest.mark.anyio
async def test_log_of_the_run_before_ends_with_its_failure() -> None:
    served = Pod(RUNNING, "disk-full,slow-load=10s")
    ended = Exit(1, "Error", START - 20, START - 15)
    served.change(replace(RUNNING, restarts=1, exit=ended))

    assert (await served.read(previous=True))[-1].endswith("No space left on device (os error 28)")


@pytest.mark.anyio
async def test_followed_log_goes_on_and_ends_with_the_run() -> None:
    served = Pod(RUNNING)
    served.now = START
    seen: list[str] = []

    async def follow() -> None:
        log = open_log(served, "llama", "kserve-container", LogQuery(follow=True), served.clock)
        async for part in log:
            seen.append(part.decode())  # noqa: PERF401 - a list made at the end shows no progress

    following = asyncio.create_task(follow())
    await until(lambda: len(seen) == 3)
    served.now = START + 5
    served.change(RUNNING)
    await until(lambda: len(seen) > 5)
    assert "engine: loading" not in "".join(seen)
    served.now = START + 20
    ended = Exit(1, "Error", START, START + 7)
    served.change(replace(RUNNING, stage=Stage.CRASH_BACK_OFF, exit=ended))
    await asyncio.wait_for(following, 2)

    assert seen[-1] == "INFO engine: loading model\n"
    assert len(seen) == len(set(seen))


@pytest.mark.anyio
async def test_followed_log_ends_when_the_pod_is_gone() -> None:
    served = Pod(RUNNING)
    log = open_log(served, "llama", "kserve-container", LogQuery(follow=True), served.clock)
    reading = asyncio.create_task(_all(log))
    await asyncio.sleep(0.01)

    served.is_gone = True
    served.change(RUNNING)

    assert len(await asyncio.wait_for(reading, 2)) > 10


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (Stage.CREATING, "is waiting to start: ContainerCreating"),
        (Stage.PULLING, "is waiting to start: ContainerCreating"),
        (Stage.PULL_BACK_OFF, "is waiting to start: trying and failing to pull image"),
        (Stage.CONFIG_ERROR, "is waiting to start: CreateContainerConfigError"),
    ],
)
async def test_container_that_never_ran_has_no_log(stage: Stage, text: str) -> None:
    async with server(Pod(replace(RUNNING, stage=stage))) as client:
        answer = await client.get(LOG)

    assert answer.status_code == 400
    assert answer.text.endswith(text)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        (f"{LOG}?previous=true", 400, "previous terminated container"),
        (f"{LOG}?tailLines=many", 400, "tailLines 'many' is no number."),
        (f"{LOG}?sinceTime=noon", 400, "sinceTime 'noon' is no time."),
        ("/containerLogs/team-a/llama/agent", 400, "container agent is not valid"),
        ("/containerLogs/team-b/llama/kserve-container", 404, "pod llama does not exist"),
        ("/exec/team-a/llama/kserve-container", 501, "exec is not supported here"),
        ("/attach/team-a/llama/kserve-container", 501, "attach is not supported here"),
        ("/portForward/team-a/llama", 501, "portForward is not supported here"),
        ("/pods", 404, "Not Found"),
    ],
)
async def test_what_cannot_be_shown_is_refused_in_words(path: str, status: int, text: str) -> None:
    async with server(Pod(RUNNING)) as client:
        answer = await client.get(path)

    assert answer.status_code == status
    assert text in answer.text


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, LogQuery()),
        ({"follow": "true", "previous": "false"}, LogQuery(follow=True)),
        ({"tailLines": "5", "limitBytes": "9"}, LogQuery(tail_lines=5, limit_bytes=9)),
        ({"sinceSeconds": "60"}, LogQuery(since=START - 60)),
        ({"sinceTime": "2023-11-14T22:13:20Z"}, LogQuery(since=START)),
        ({"timestamps": "true"}, LogQuery(timestamps=True)),
    ],
)
def test_query_is_read(parameters: dict[str, str], expected: LogQuery) -> None:
    assert parse_query(parameters, START) == expected


@pytest.mark.parametrize("number", ["-1", "1.5", "٣", "1e3"])
def test_odd_number_in_a_query_is_refused(number: str) -> None:
    with pytest.raises(InputError):
        parse_query({"tailLines": number}, START)


def test_task_tells_of_its_end_and_not_of_a_server() -> None:
    around = replace(Pod(RUNNING).surroundings(RUNNING), restart_policy="Never")

    texts = [line.text for line in lines(around, START, None)]

    assert texts[-1] == "INFO hub: all files are there"
    assert not any("server" in text for text in texts)


def test_helper_container_says_that_it_stands_by() -> None:
    around = replace(Pod(RUNNING).surroundings(RUNNING), is_model=False)

    assert list(lines(around, START, None)) == [
        Line(START, "INFO kserve-container: nothing to do, standing by")
    ]


@pytest.mark.anyio
async def test_runner_serves_logs_over_tls_at_the_port_its_nodes_tell(tmp_path: Path) -> None:
    """R-EXT-07."""
    folder = tmp_path / "certificates"
    ensure_certificates(folder)
    tls = TlsFiles(folder / "kubelet" / "tls.crt", folder / "kubelet" / "tls.key")
    trusting = ssl.create_default_context(cafile=folder / "ca.crt")
    cluster = FakeCluster()
    cluster.put(pull_secret())
    fast = Timings(pull=0.01, load=0.05)

    async with KubeletStandIn(cluster, judge=OpenRegistry(), timings=fast, tls=tls):
        cluster.put(pod())
        await until(lambda: "Started" in cluster.reasons("llama"))
        status = cluster.find("Node", "gpu-1")["status"]
        port = status["daemonEndpoints"]["kubeletEndpoint"]["Port"]
        async with httpx2.AsyncClient(verify=trusting, trust_env=False) as client:
            answer = await client.get(f"https://127.0.0.1:{port}{LOG}")

    assert answer.text.startswith("INFO nim: starting nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5")


async def _all(log: AsyncIterator[bytes]) -> list[bytes]:
    return [part async for part in log]
