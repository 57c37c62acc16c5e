"""Nodes that look for images where mirror sets say."""

import asyncio
import json
from base64 import b64encode
from typing import Any

import pytest

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import IMAGE_DIGEST_MIRROR_SETS, IMAGE_TAG_MIRROR_SETS
from odh_nim.sandbox.kubelet.mirror_sets import (
    LoopbackMirrors,
    Places,
    Rule,
    places_of,
)
from support.kubelet_cluster import FakeCluster, until
from support.kubelet_pods import pod
from support.kubelet_runs import is_ready, running, waits_for
from support.registry_images import image, layer
from support.registry_plans import publish
from support.registry_server import FakeRegistry, serve

pytestmark = pytest.mark.anyio

DIGEST = "sha256:" + "a" * 64
RULES = {
    IMAGE_TAG_MIRROR_SETS: [
        Rule("nvcr.io", ("all.example.com",)),
        Rule("nvcr.io/nim", ("m.example.com/nv/nim", "n.example.com/nim")),
    ],
    IMAGE_DIGEST_MIRROR_SETS: [Rule("nvcr.io/nim", ("d.example.com/nim",))],
}


def mirror_set(kind: str, field: str, mirror: str, **entry: Any) -> Manifest:
    return {
        "apiVersion": "config.openshift.io/v1",
        "kind": kind,
        "metadata": {"name": "odh-nim-mirror"},
        "spec": {field: [{"source": "nvcr.io/nim", "mirrors": [mirror], **entry}]},
    }


def global_pull_secret(host: str, login: str) -> Manifest:
    config = {"auths": {host: {"auth": b64encode(login.encode()).decode()}}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull-secret", "namespace": "openshift-config"},
        "data": {".dockerconfigjson": b64encode(json.dumps(config).encode()).decode()},
    }


@pytest.mark.parametrize(
    ("wanted", "mirrors"),
    [
        ("nvcr.io/nim/meta/x:1", ("m.example.com/nv/nim/meta/x:1", "n.example.com/nim/meta/x:1")),
        ("nvcr.io/nvidia/driver:1", ("all.example.com/nvidia/driver:1",)),
        (f"nvcr.io/nim/meta/x:1@{DIGEST}", (f"d.example.com/nim/meta/x:1@{DIGEST}",)),
        (f"nvcr.io/nvidia/x@{DIGEST}", ()),
        ("nvcr.iox/nim/x:1", ()),
        ("quay.io/nvcr.io/nim/x:1", ()),
    ],
)
def test_the_most_exact_source_counts_tags_by_tags_digests_by_digests(
    wanted: str, mirrors: tuple[str, ...]
) -> None:
    assert places_of(wanted, RULES) == Places(mirrors)


def test_a_blocked_source_is_blocked_for_the_other_kind_too() -> None:
    rules = {IMAGE_DIGEST_MIRROR_SETS: [Rule("nvcr.io/nim", ("m",), blocks_source=True)]}

    assert places_of("nvcr.io/nim/x:1", rules) == Places((), blocks_source=True)
    assert places_of("nvcr.io/other/x:1", rules) == Places()


async def serve_pod(
    mirror: FakeRegistry, *, with_image: bool, login: str = "", **entry: Any
) -> str:
    """Run a pod without a pull Secret of its own; gives `ready` or what it waits for."""
    if with_image:
        publish(mirror, "nv/nim/meta/llama-3.1-8b-instruct", "1.8.5", image([layer(10, "x")]))
    cluster = FakeCluster()
    with serve(mirror) as host:
        place = f"{host}/nv/nim"
        cluster.put(mirror_set("ImageTagMirrorSet", "imageTagMirrors", place, **entry))
        if login:
            cluster.put(global_pull_secret(host, login))
        async with running(cluster):
            cluster.put(pod(pull_secret=None))
            await until(lambda: is_ready(cluster) or waits_for(cluster) == "ImagePullBackOff")
            return "ready" if is_ready(cluster) else waits_for(cluster)


async def test_a_pod_runs_from_the_mirror_without_any_key() -> None:
    """AG-40, AG-45: the mirror on this machine was really asked."""
    mirror = FakeRegistry()

    assert await serve_pod(mirror, with_image=True) == "ready"
    assert mirror.count("nv/nim/meta/llama-3.1-8b-instruct/manifests/1.8.5") >= 1


async def test_what_the_mirror_lacks_is_asked_at_the_source_and_refused_there() -> None:
    assert await serve_pod(FakeRegistry(), with_image=False) == "ImagePullBackOff"


async def test_what_the_mirror_lacks_is_missing_where_the_source_is_blocked() -> None:
    never = {"mirrorSourcePolicy": "NeverContactSource"}

    assert await serve_pod(FakeRegistry(), with_image=False, **never) == "ImagePullBackOff"
    assert await serve_pod(FakeRegistry(), with_image=True, **never) == "ready"


@pytest.mark.parametrize(
    ("login", "outcome"), [("bob:good", "ready"), ("bob:bad", "ImagePullBackOff")]
)
async def test_a_mirror_is_asked_with_the_clusters_own_pull_secret(
    login: str, outcome: str
) -> None:
    """AG-42."""
    mirror = FakeRegistry()
    mirror.login, mirror.scheme = ("bob", "good"), "basic"

    assert await serve_pod(mirror, with_image=True, login=login) == outcome


@pytest.mark.parametrize("auth", ["%%%", "//8=", "", None, 7])
async def test_a_broken_pull_secret_is_no_login(auth: object) -> None:
    config = json.dumps({"auths": {"127.0.0.1:9": {"auth": auth}}}).encode()
    secret = {"data": {".dockerconfigjson": b64encode(config).decode()}}

    assert await asyncio.wait_for(LoopbackMirrors().has("127.0.0.1:9/x:1", secret), 10) is False


async def test_a_mirror_elsewhere_is_taken_to_have_everything() -> None:
    assert await LoopbackMirrors().has("mirror.example.com/nim/x:1", None)
    assert not await LoopbackMirrors().has("127.0.0.1:9/NOT an image", None)
