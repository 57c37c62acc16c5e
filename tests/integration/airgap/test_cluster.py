"""The cluster's side of the air gap, on a real API server with KServe."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from odh_nim.airgap.bundle.reader import carried_weights, open_bundle
from odh_nim.airgap.oci import Blob, ManifestRef
from odh_nim.airgap.plan import ModelFacts, Plan, PlannedImage
from odh_nim.airgap.preload.make import plan_from_bundle
from odh_nim.airgap.preload.plan import ClaimWish
from odh_nim.airgap.preload.pods import JobOptions
from odh_nim.airgap.preload.run import list_preloaded
from odh_nim.airgap.resources.mirrors import Mirror, mirror_sets
from odh_nim.airgap.resources.pull_secret import MirrorLogin, merge_pull_secret
from odh_nim.airgap.resources.write import ResourceRequest, build_resources
from odh_nim.airgap.verified import FoundImage, Verified
from odh_nim.catalog.load import find_installation
from odh_nim.cluster import Client
from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import AlreadyExistsError, NotFoundError, RejectedError
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    CONFIG_MAPS,
    IMAGE_DIGEST_MIRROR_SETS,
    IMAGE_TAG_MIRROR_SETS,
    INFERENCE_SERVICES,
    NAMESPACES,
    SECRETS,
    SERVING_RUNTIMES,
    resource_of,
)
from odh_nim.manifests.secrets import build_key_secrets
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.cut_off import cut_off
from support.registry_bundles import pull_bundle, request
from support.registry_plans import mirror, nim_source, references
from support.registry_server import serve
from support.registry_weights import make_cache, with_weights

pytestmark = pytest.mark.anyio

MODEL = "meta/llama-3.1-8b-instruct"
TAG = "1.8.5"
MIRROR = Mirror("mirror.example.com:5000", "nv")


def plan() -> Plan:
    digest = "sha256:" + "a" * 64
    image = PlannedImage(
        ImageReference(f"nim/{MODEL}", TAG),
        ManifestRef(digest, 500, "application/vnd.oci.image.manifest.v1+json", "linux/amd64"),
        (Blob("sha256:" + "b" * 64, 10**9),),
        digest,
        model=ModelFacts("llama-3.1-8b-instruct", "Llama", "llm"),
    )
    return Plan((image,))


def resources(namespace: str, *, rename: bool = False) -> dict[str, str]:
    found = FoundImage(plan().images[0].name, plan().images[0].manifest.digest)
    verified = Verified(MIRROR.path(""), "plan", (found,))
    request = ResourceRequest(plan(), verified, MIRROR, namespace=namespace, rename=rename)
    return build_resources(request).files


@contextlib.asynccontextmanager
async def admin(plane: ControlPlane) -> AsyncIterator[Client]:
    async with Client(plane.admin) as client:
        yield client


@pytest.fixture
async def no_mirrors_stay(control_plane: ControlPlane) -> AsyncIterator[None]:
    """Take mirror sets away afterwards: the nodes follow them for every test of the run."""
    yield
    async with admin(control_plane) as client:
        for kind in (IMAGE_DIGEST_MIRROR_SETS, IMAGE_TAG_MIRROR_SETS):
            await client.delete(kind, names.MIRROR_SET)


@pytest.mark.usefixtures("no_mirrors_stay")
async def test_the_api_server_takes_both_mirror_sets(control_plane: ControlPlane) -> None:
    """AG-40."""
    async with admin(control_plane) as client:
        for never in (False, True):
            for manifest in mirror_sets(plan(), replace(MIRROR, never_contact_source=never)):
                await client.apply(manifest, force=True)
        digests = await client.get(IMAGE_DIGEST_MIRROR_SETS, names.MIRROR_SET)
        tags = await client.get(IMAGE_TAG_MIRROR_SETS, names.MIRROR_SET)
        wrong = mirror_sets(plan(), MIRROR)[0]
        wrong["spec"]["imageDigestMirrors"][0]["mirrorSourcePolicy"] = "Perhaps"
        with pytest.raises(RejectedError):
            await client.apply(wrong, force=True)

    assert digests["spec"]["imageDigestMirrors"][0]["source"] == "nvcr.io/nim"
    assert tags["spec"]["imageTagMirrors"][0]["mirrors"] == ["mirror.example.com:5000/nv/nim"]


async def test_the_global_pull_secret_keeps_what_it_had(control_plane: ControlPlane) -> None:
    """AG-42; R-TST-06."""
    login = MirrorLogin("mirror.example.com:5000", "robot", "pass-canary")
    async with admin(control_plane) as client:
        with contextlib.suppress(AlreadyExistsError):
            await client.create(
                {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "metadata": {"name": names.GLOBAL_PULL_SECRET_NAMESPACE},
                }
            )
        await client.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/dockerconfigjson",
                "metadata": {
                    "name": names.GLOBAL_PULL_SECRET,
                    "namespace": names.GLOBAL_PULL_SECRET_NAMESPACE,
                },
                "stringData": {".dockerconfigjson": '{"auths": {"quay.io": {"auth": "eHg="}}}'},
            },
            force=True,
        )
        first = await merge_pull_secret(client, login)
        before = await stored(client)
        second = await merge_pull_secret(client, login)
        after = await stored(client)

    assert first.lines() == ["  quay.io", "+ mirror.example.com:5000"]
    assert second.change.startswith("=")
    assert before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]


async def stored(client: Client) -> Manifest:
    return await client.get(SECRETS, names.GLOBAL_PULL_SECRET, names.GLOBAL_PULL_SECRET_NAMESPACE)


def run(plane: ControlPlane, user: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "odh_nim", *words],
        env=plane.environment(user),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def preload(plane: ControlPlane, namespace: str) -> None:
    async with Client(plane.config_for("alice")) as client:
        key = ApiKey(dummy_key("good").value)
        for secret in build_key_secrets(key, revision="1"):
            await client.create(secret, namespace=namespace)
    done = await asyncio.to_thread(
        run,
        plane,
        "alice",
        *("airgap", "preload", f"{MODEL}:{TAG}", "-n", namespace, "--claim", "weights"),
        *("--size", "60Gi", "--profile", "tp1-fp8", "--timeout", "90s"),
    )
    assert done.returncode == 0, done.stderr


async def test_a_job_fills_a_claim_with_the_projects_key_and_marks_it(
    control_plane: ControlPlane, namespace: str
) -> None:
    """AG-50, R-AIR-04."""
    await preload(control_plane, namespace)

    async with Client(control_plane.config_for("alice")) as client:
        [found] = await list_preloaded(client, namespace)
    shown = run(control_plane, "alice", "airgap", "preloaded", "-n", namespace, "-o", "json")
    assert found.image.startswith(f"nvcr.io/nim/{MODEL}:{TAG}")
    assert found.profiles == ("tp1-fp8",)
    assert json.loads(shown.stdout)[0]["claim"] == "weights"


def weights_bundle(folder: Path) -> Path:
    """Make a bundle that carries weights."""
    make_cache(folder / "cache")
    with serve(nim_source(1)) as one, mirror(one) as made:
        planned = with_weights(made.plan(*references(one, 1)), "cache")
        wanted = request(planned, folder / "bundle", list_folder=folder)
        assert pull_bundle(made, wanted).exit_code == 0
    return folder / "bundle"


async def test_a_job_copies_weights_from_a_bundle_in_another_claim(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """AG-50, R-AIR-04: no key is in the project."""
    bundle = await asyncio.to_thread(weights_bundle, tmp_path)
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "media"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    async with Client(control_plane.config_for("alice")) as client:
        await client.create(claim, namespace=namespace)
        done = await asyncio.to_thread(
            run,
            control_plane,
            "alice",
            *("airgap", "preload", "team/m0:1.0.0", "-n", namespace, "--claim", "weights"),
            *("--size", "1Gi", "--bundle", str(bundle), "--bundle-claim", "media"),
            *("--loader-image", "quay.io/site/loader:1", "--timeout", "90s"),
        )
        assert done.returncode == 0, done.stderr
        [found] = await list_preloaded(client, namespace)
        left = await client.list(CONFIG_MAPS, namespace)

    assert found.profiles == ("tp1",)
    assert found.size == 140_002
    assert not any(each["metadata"]["name"].startswith("nim-preload") for each in left)


async def test_the_loader_pod_passes_the_restricted_profile(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """AG-50: the API server itself judges by Pod Security."""
    bundle = open_bundle(await asyncio.to_thread(weights_bundle, tmp_path))
    [(folder, weights)] = carried_weights(bundle).items()
    made = plan_from_bundle(
        weights,
        folder,
        ClaimWish("weights"),
        namespace,
        image="quay.io/site/loader:1",
        options=JobOptions(run_as_user=1000),
    )
    async with admin(control_plane) as client:
        level = {"pod-security.kubernetes.io/enforce": "restricted"}
        await client.patch(NAMESPACES, namespace, merge={"metadata": {"labels": level}})
        for manifest in made.objects:
            await client.create(manifest, namespace=namespace, dry_run=True)


def run_cut_off(plane: ControlPlane, *words: str) -> subprocess.CompletedProcess[str]:
    port = int(plane.config_for("alice").server.rpartition(":")[2])
    environ = {
        **plane.environment("alice"),
        "ODH_NIM_NGC_URL": "https://api.ngc.nvidia.com",
        "ODH_NIM_REGISTRY_URL": "https://nvcr.io",
    }
    return subprocess.run(
        [*cut_off({port}), *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextlib.asynccontextmanager
async def disconnected(plane: ControlPlane) -> AsyncIterator[None]:
    """Apply what `airgap resources` wrote, and take it away again."""
    namespace = plane.applications_namespace
    # As for nodes that know no mirror rule: the images are named in the mirror.
    files = resources(namespace, rename=True)
    wanted = [
        yaml.safe_load(files[f"{names.MIRROR_CATALOG}.yaml"]),
        yaml.safe_load(files["nim-config.yaml"]),
    ]
    async with admin(plane) as client:
        # The page's reader may get objects by name only: the new catalogue's too.
        wanted += list(readers(namespace))
        for manifest in wanted:
            await client.apply(manifest, namespace=namespace, force=True)
        try:
            yield
        finally:
            for name in (names.MIRROR_CATALOG, names.CONFIG_MAP):
                with contextlib.suppress(NotFoundError):
                    await client.delete(CONFIG_MAPS, name, namespace)
            for reader in readers(namespace):
                await client.delete(resource_of(reader), reader["metadata"]["name"], namespace)


def readers(namespace: str) -> tuple[Manifest, Manifest]:
    group = "rbac.authorization.k8s.io"
    metadata = {"name": "mirror-catalogue-reader", "namespace": namespace}
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [names.MIRROR_CATALOG],
        "verbs": ["get"],
    }
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": metadata["name"]},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": "system:authenticated"}],
    }
    return role, binding


async def test_a_cut_off_cluster_serves_preloaded_weights_without_a_key(
    control_plane: ControlPlane, namespace: str
) -> None:
    """AG-44, AG-45, AG-52, R-AIR-05, R-AIR-08, R-CFG-06; R-TST-06."""
    await preload(control_plane, namespace)
    async with admin(control_plane) as client:
        for name in (names.KEY_SECRET, names.PULL_SECRET):
            await client.delete(SECRETS, name, namespace)
    async with disconnected(control_plane):
        async with Client(control_plane.config_for("alice")) as client:
            found = await find_installation(client, setting=control_plane.applications_namespace)
        listed = run_cut_off(control_plane, "models", "list", "-o", "name")
        done = await asyncio.to_thread(
            run_cut_off,
            control_plane,
            *("deploy", f"{MODEL}:{TAG}", "-n", namespace, "--name", "llama"),
            *("--storage", "pvc:weights"),
        )

    assert [model.tags for model in found.catalog.models] == [(TAG,)]
    assert listed.stdout.strip().endswith("llama-3.1-8b-instruct")
    assert done.returncode == 0, done.stderr
    async with admin(control_plane) as client:
        secrets = await client.list(SECRETS, namespace)
        runtime = await client.get(SERVING_RUNTIMES, "llama", namespace)
        service = await client.get(INFERENCE_SERVICES, "llama", namespace)
    assert secrets == []
    text = json.dumps(runtime)
    assert f"mirror.example.com:5000/nv/nim/{MODEL}:{TAG}" in text
    assert "NGC_API_KEY" not in text
    assert "imagePullSecrets" not in text
    # The claim brings its profile.
    env = service["spec"]["predictor"]["model"]["env"]
    assert env == [{"name": "NIM_MODEL_PROFILE", "value": "tp1-fp8"}]


async def test_the_resources_of_a_mirror_pass_the_api_server_unchanged(
    control_plane: ControlPlane,
) -> None:
    """AG-44: the catalogue is stored and read back as it is."""
    namespace = control_plane.applications_namespace
    manifest = yaml.safe_load(resources(namespace)[f"{names.MIRROR_CATALOG}.yaml"])
    async with admin(control_plane) as client:
        made = await client.create(manifest, namespace=namespace)
        await client.delete(CONFIG_MAPS, names.MIRROR_CATALOG, namespace)

    assert made["data"] == manifest["data"]
    assert made["immutable"] is True


def test_a_folder_of_resources_is_complete(tmp_path: Path) -> None:
    """AG-40, AG-43, AG-44."""
    assert set(resources("opendatahub")) == {
        "certs.d/nvcr.io/hosts.toml",
        "dashboard-config.patch.yaml",
        "idms.yaml",
        "itms.yaml",
        "kyverno.yaml",
        "nim-config.yaml",
        "nvidia-nim-models-mirror.yaml",
    }
