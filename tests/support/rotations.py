"""Deployments on a real control plane, and their rotation by command, for tests."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odh_nim.cluster import Client
from odh_nim.deployment import (
    Plan,
    StatusWord,
    deploy,
    follow,
    plan_deployment,
    read_surroundings,
)
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import Resources
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, PODS, REPLICA_SETS, SECRETS
from odh_nim.manifests.families import family_of
from odh_nim.manifests.templates import packaged_template
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.deployments import spec

LABEL = "serving.kserve.io/inferenceservice"
REVISION = "nim.opendatahub.io/key-revision"


async def make_plan(
    client: Client,
    plane: ControlPlane,
    namespace: str,
    name: str,
    *,
    key_name: str | None = None,
    gpus: int = 0,
    **changes: Any,
) -> Plan:
    """Plan a deployment; without GPUs, so that many find room."""
    resources = Resources(cpu="100m", memory="4Gi", gpus=gpus)
    wanted = spec(name=name, namespace=namespace, resources=resources, **changes)
    around = await read_surroundings(client, applications_namespace=plane.applications_namespace)
    return plan_deployment(
        wanted,
        packaged_template(wanted.protocol),
        family=family_of(wanted.model.family),
        request_id=f"request-{name}",
        applications_namespace=plane.applications_namespace,
        key=ApiKey(dummy_key(key_name).value) if key_name else None,
        surroundings=around,
    )


async def bring_up(
    client: Client, plane: ControlPlane, namespace: str, names: Sequence[str], **changes: Any
) -> None:
    """Deploy several at once; the first one stores the project's key."""

    async def one(name: str, key: str | None) -> None:
        await deploy(
            client, await make_plan(client, plane, namespace, name, key_name=key, **changes)
        )

    await one(names[0], "good")
    await asyncio.gather(*(one(name, None) for name in names[1:]))
    async with asyncio.timeout(90):
        while True:
            if await all_serve(client, namespace, names):
                break
            await asyncio.sleep(0.2)


async def ready(client: Client, name: str, namespace: str) -> None:
    """Wait until a deployment serves."""
    async for progress in follow(client, name, namespace, within=90):
        word = progress.status.word
    assert word is StatusWord.READY, f"{name}: {word}"


async def all_serve(client: Client, namespace: str, names: Sequence[str]) -> bool:
    """Say whether each deployment is ready: one list, however many they are."""
    found = await client.list(INFERENCE_SERVICES, namespace)
    serving = {
        item["metadata"]["name"]
        for item in found
        for one in item.get("status", {}).get("conditions") or []
        if (one["type"], one["status"]) == ("Ready", "True")
    }
    return serving >= set(names)


async def clean(client: Client, namespace: str) -> None:
    """Give back what the deployments of a test hold."""
    for item in await client.list(INFERENCE_SERVICES, namespace):
        await client.delete(INFERENCE_SERVICES, item["metadata"]["name"], namespace)


async def pods_of(client: Client, namespace: str, name: str | None = None) -> list[Manifest]:
    selector = f"{LABEL}={name}" if name else LABEL
    found = await client.list(PODS, namespace, label_selector=selector)
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


async def replica_sets(client: Client, namespace: str, name: str) -> set[str]:
    found = await client.list(REPLICA_SETS, namespace, label_selector=f"{LABEL}={name}")
    return {item["metadata"]["name"] for item in found}


async def key_revisions(client: Client, namespace: str) -> dict[str, str]:
    """The revision of each key Secret of a project, by name."""
    found = await client.list(SECRETS, namespace)
    return {
        item["metadata"]["name"]: item["metadata"]["annotations"][REVISION]
        for item in found
        if item["metadata"]["name"].startswith("nvidia-nim-")
    }


async def versions(client: Client, namespace: str) -> dict[str, str]:
    """The resourceVersions of all that a rotation may write."""
    lists = await asyncio.gather(
        client.list(SECRETS, namespace), client.list(INFERENCE_SERVICES, namespace)
    )
    return {
        f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for items in lists
        for item in items
    }


@dataclass(frozen=True)
class Ran:
    """What a shell saw of a command."""

    code: int
    out: str
    err: str
    arguments: tuple[str, ...]


def command(plane: ControlPlane, user: str, *arguments: str, key_file: Path | None = None) -> Ran:
    """Run odh-nim as a program of its own, with the key on its standard input."""
    words = (sys.executable, "-m", "odh_nim", *arguments)
    environment = {**os.environ, **plane.environment(user)}
    piped = key_file.read_bytes() if key_file else b""
    done = subprocess.run(
        words, input=piped, env=environment, capture_output=True, timeout=150, check=False
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), words)
