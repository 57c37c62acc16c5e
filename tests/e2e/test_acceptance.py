"""The main job, on both kinds of cluster: models of every kind are served, and go again."""

import asyncio
import copy
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.manifest import Manifest, annotations, describe
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import (
    ALL,
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    SERVING_RUNTIMES,
    ApiResource,
)
from odh_nim.manifests.families import family_of
from odh_nim.sandbox.testing import ControlPlane
from support import rows_of_markers, rows_of_runtimes, rows_of_services
from support.control_plane import make_project
from support.deployments import owners
from support.plans import ASR, EMBED, LLAMA, Built, spec

ROWS = (*rows_of_markers.ROWS, *rows_of_runtimes.ROWS, *rows_of_services.ROWS)
MADE = (SECRETS, PERSISTENT_VOLUME_CLAIMS, SERVING_RUNTIMES, INFERENCE_SERVICES)
KINDS = {
    "llm": (LLAMA, "1.8.5", Protocol.HTTP),
    "retriever": (EMBED, "1.6", Protocol.GRPC),
    "speech": (ASR, "1.4.0", Protocol.GRPC),
}
PROJECTS_KEY = {"Secret/nvidia-nim-secrets", "Secret/nvidia-nim-image-pull"}
# Kubernetes keeps these for an hour or puts them into every project.
STAYS = ("Event", "ConfigMap", "ServiceAccount", "RoleBinding")


@pytest.fixture(params=["control_plane", "plain_control_plane"], ids=["odh", "kubernetes"])
def plane(request: pytest.FixtureRequest) -> ControlPlane:
    plane: ControlPlane = request.getfixturevalue(request.param)
    return plane


def run(
    plane: ControlPlane, *arguments: str, user: str = "alice"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "odh_nim", *arguments],
        env=os.environ | plane.environment(user),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def done(plane: ControlPlane, *arguments: str) -> str:
    answer = run(plane, *arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


async def listed(plane: ControlPlane, namespace: str, *kinds: ApiResource) -> list[Manifest]:
    async with Client(plane.admin) as admin:
        lists = await asyncio.gather(*(admin.list(kind, namespace) for kind in kinds))
    return [item for items in lists for item in items]


async def everything(plane: ControlPlane, namespace: str) -> set[str]:
    """Name all that a project holds, of every kind that this product knows."""
    async with Client(plane.admin) as admin:
        kinds = [
            kind
            for kind in ALL
            if kind.namespaced and "review" not in kind.plural and await admin.serves(kind)
        ]
    found = await listed(plane, namespace, *kinds)
    return {describe(item) for item in found if item["kind"] not in STAYS}


@pytest.mark.parametrize("kind", KINDS)
def test_model_is_served_by_exactly_the_objects_of_the_table(
    plane: ControlPlane, kind: str
) -> None:
    """R-TST-02, R-EXT-03, R-EXT-04, R-PROTO-03: with KServe's controller and webhooks at work."""
    namespace = make_project(plane)
    model, tag, protocol = KINDS[kind]
    done(plane, "keys", "set", "-n", namespace, "--key-file", str(plane.key_file("good")))
    reference = f"{model.repository.removeprefix('nim/')}:{tag}"
    options = ("--name", "demo", "--storage", "50Gi", "--protocol", protocol.value)

    done(plane, "deploy", reference, "-n", namespace, *options)

    status = done(plane, "deployments", "status", "demo", "-n", namespace)
    assert "Ready" in status
    found = asyncio.run(listed(plane, namespace, *MADE))
    assert {describe(item) for item in found} == {
        *PROJECTS_KEY,
        "PersistentVolumeClaim/nim-pvc-demo",
        "ServingRuntime/demo",
        "InferenceService/demo",
    }
    assert {describe(item): owners(item) for item in found if owners(item)} == {
        "ServingRuntime/demo": ["InferenceService/demo"]
    }
    asked = spec(model, tag, namespace=namespace, protocol=protocol)
    built = Built(asked, family_of(model.family), as_planned(found))
    if mode := annotations(built.service).get("serving.kserve.io/deploymentMode"):
        built = replace(built, spec=replace(asked, deployment_mode=mode))
    wrong = [row for row, holds in ROWS if not holds(built)]
    assert "; ".join(wrong) == ""


def as_planned(found: list[Manifest]) -> list[Manifest]:
    """Take away what the cluster adds, so that the table of manifests can be held against it."""
    planned = copy.deepcopy(found)
    for item in planned:
        for added in ("finalizers", "ownerReferences"):
            item["metadata"].pop(added, None)
        # The table is about one project, and one request; a project's key has one of its own.
        item["metadata"]["namespace"] = "team-a"
        item["metadata"]["annotations"]["nim.opendatahub.io/request-id"] = "r-1"
    return sorted(planned, key=lambda item: item["metadata"]["name"], reverse=True)


def test_deletion_of_the_inference_service_leaves_nothing_but_the_claim(
    plane: ControlPlane,
) -> None:
    """R-DEP-05, R-EXT-02: as `kubectl delete inferenceservice` does it."""
    namespace = make_project(plane)
    before = asyncio.run(everything(plane, namespace))
    done(plane, "keys", "set", "-n", namespace, "--key-file", str(plane.key_file("good")))
    done(plane, "deploy", "meta/llama-3.1-8b-instruct", "-n", namespace, "--name", "demo",
         "--own-key", "--key-file", str(plane.key_file("good")))  # fmt: skip

    asyncio.run(delete_service(plane, namespace))

    left = asyncio.run(until_only(plane, namespace, before, PROJECTS_KEY))
    assert left == PROJECTS_KEY | {"PersistentVolumeClaim/nim-pvc-demo"}


async def delete_service(plane: ControlPlane, namespace: str) -> None:
    async with Client(plane.config_for("alice")) as alice:
        await alice.delete(INFERENCE_SERVICES, "demo", namespace)


async def until_only(
    plane: ControlPlane, namespace: str, before: set[str], stays: set[str]
) -> set[str]:
    """Wait for the garbage collector and the end of the pods."""
    expected = len(stays) + 1
    for _ in range(300):
        left = await everything(plane, namespace) - before
        if len(left) <= expected:
            break
        await asyncio.sleep(0.1)
    return left


def test_data_scientist_is_refused_elsewhere_and_told_what_is_missing(
    plane: ControlPlane,
) -> None:
    """R-DEP-03, R-KEY-16: by the API server itself, and before that in plain words."""
    theirs = make_project(plane, editor="bob")
    before = asyncio.run(everything(plane, theirs))

    answer = run(plane, "deploy", "meta/llama-3.1-8b-instruct", "-n", theirs, "--no-key")

    assert answer.returncode == 7, answer.stderr
    assert "Traceback" not in answer.stderr
    for missing in ("create inferenceservices.serving.kserve.io", "role edit", theirs):
        assert missing in answer.stderr
    assert asyncio.run(everything(plane, theirs)) == before
    with pytest.raises(ForbiddenError, match="inferenceservices"):
        asyncio.run(create_service(plane, theirs))


async def create_service(plane: ControlPlane, namespace: str) -> None:
    service = {
        "apiVersion": INFERENCE_SERVICES.api_version,
        "kind": INFERENCE_SERVICES.kind,
        "metadata": {"name": "demo", "namespace": namespace},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "x"}}}},
    }
    async with Client(plane.config_for("alice")) as alice:
        await alice.create(service)
