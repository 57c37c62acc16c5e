import json
import os
import stat
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from odh_nim.airgap.bundle.reader import Bundle, CarriedWeights, carried_weights, open_bundle
from odh_nim.airgap.preload.lists import loader_files
from odh_nim.airgap.preload.make import BundleClaim, plan_download, plan_from_bundle, target_path
from odh_nim.airgap.preload.plan import ClaimWish, PreloadPlan, room_for
from odh_nim.airgap.preload.pods import JobOptions
from odh_nim.airgap.preload.run import list_preloaded, preload
from odh_nim.airgap.preload.stream import Exec, send_weights
from odh_nim.domain.deployment_spec import DeploymentSpec, ExistingClaim, KeyChoice
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InputError,
    NotFoundError,
    PreflightError,
    PreloadFailedError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.preloaded import Preloaded, preload_marks, read_preloaded
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import ApiResource
from odh_nim.manifests.families import family_of
from odh_nim.manifests.inference_service import build_inference_service
from odh_nim.manifests.serving_runtime import build_serving_runtime
from odh_nim.manifests.templates import packaged_template
from support.registry_bundles import pull_bundle, request
from support.registry_plans import mirror, nim_source, references
from support.registry_server import serve
from support.registry_weights import make_cache, with_weights

MODEL_FOLDER = "nim.team.m0_1.0.0"
# Any user but ours, in group 0: what OpenShift's restricted-v2 gives a pod.
AS_ANY_USER: dict[str, Any] = (
    {"user": 1000680000, "group": 0, "extra_groups": []} if os.geteuid() == 0 else {}
)


@pytest.fixture(params=[0, 200_000], ids=["folder", "volumes"])
def bundle(tmp_path: Path, request: pytest.FixtureRequest) -> Bundle:
    return make_bundle(tmp_path, request.param)


@pytest.fixture
def folder_bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path, 0)


def make_bundle(tmp_path: Path, volume_size: int) -> Bundle:
    make_cache(tmp_path / "cache")
    with serve(nim_source(1)) as one, mirror(one) as made:
        plan = with_weights(made.plan(*references(one, 1)), "cache")
        wanted = request(plan, tmp_path / "bundle", volume_size=volume_size, list_folder=tmp_path)
        assert pull_bundle(made, wanted).exit_code == 0
    return open_bundle(tmp_path / "bundle")


def weights_of(bundle: Bundle) -> CarriedWeights:
    return carried_weights(bundle)[MODEL_FOLDER]


class Pod:
    """A pod's file system: the lists, and the claim, which belongs to group 0."""

    def __init__(self, root: Path, weights: CarriedWeights) -> None:
        self.lists = root / "lists"
        self.target = root / "claim"
        self.lists.mkdir(parents=True)
        self.target.mkdir()
        # As a mount with fsGroup, and with the way to it open.
        self.target.chmod(0o2775)
        for folder in (root, *root.parents):
            if folder.is_relative_to(root.parents[1]) and folder.owner() != "nobody":
                folder.chmod(folder.stat().st_mode | 0o055)
        for name, text in loader_files(weights).items():
            (self.lists / name).write_text(text)

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(self.lists / "load.sh"), *map(str, words)],
            env={"LISTS": str(self.lists), "TARGET": str(self.target), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            **AS_ANY_USER,
        )

    @property
    def mark(self) -> Path:
        return self.target / ".odh-nim-preload.json"


def source_of(bundle: Bundle) -> Path:
    return bundle.folder / "models" / MODEL_FOLDER / "files"


def open_way(path: Path) -> None:
    for folder in (path, *path.parents):
        if str(folder).startswith("/tmp/"):  # noqa: S108 - pytest's own folders
            folder.chmod(folder.stat().st_mode | 0o055)


def test_any_user_loads_files_links_and_modes_and_the_mark_comes_last(
    folder_bundle: Bundle, tmp_path: Path
) -> None:
    """AG-50, R-AIR-04."""
    pod = Pod(tmp_path / "pod", weights_of(folder_bundle))
    open_way(tmp_path)

    answer = pod.run("copy", source_of(folder_bundle))

    assert answer.returncode == 0, answer.stderr
    link = next(pod.target.rglob("model.safetensors"))
    assert link.is_symlink()
    assert link.readlink() == Path("../../blobs/aa")
    blob = link.resolve()
    assert blob.read_bytes() == b"weights" * 20_000
    # Another random user of group 0 must be able to read and to write beside it.
    assert stat.S_IMODE(blob.stat().st_mode) == 0o660
    assert json.loads(pod.mark.read_text())["profiles"] == ["tp1"]
    assert answer.stdout.splitlines()[-1] == "complete"
    assert not list(pod.target.rglob("*.part"))


def test_a_second_load_copies_only_what_is_not_whole(folder_bundle: Bundle, tmp_path: Path) -> None:
    """AG-50, F46."""
    pod = Pod(tmp_path / "pod", weights_of(folder_bundle))
    open_way(tmp_path)
    assert pod.run("copy", source_of(folder_bundle)).returncode == 0
    damaged = next(pod.target.rglob("bb"))
    damaged.chmod(0o666)
    damaged.write_bytes(b"[]")

    missing = pod.run("missing").stdout.splitlines()
    again = pod.run("copy", source_of(folder_bundle))

    assert [Path(path).name for path in missing] == ["bb"]
    assert [line for line in again.stdout.splitlines() if line.startswith("loaded")] == [
        f"loaded {missing[0]}"
    ]


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone"])
def test_a_bad_source_leaves_no_mark(folder_bundle: Bundle, tmp_path: Path, harm: str) -> None:
    """AG-50: the mark is written only after the last check."""
    pod = Pod(tmp_path / "pod", weights_of(folder_bundle))
    open_way(tmp_path)
    blob = next(source_of(folder_bundle).rglob("aa"))
    blob.chmod(0o664)
    if harm == "gone":
        blob.unlink()
    else:
        content = bytearray(blob.read_bytes())
        content[100] ^= 1
        blob.write_bytes(content if harm == "flipped" else content[:1000])

    answer = pod.run("copy", source_of(folder_bundle))

    assert answer.returncode != 0
    assert not pod.mark.exists()
    assert not list(pod.target.rglob("*.part"))


def kubectl(folder: Path, pod: Pod, *, breaks: bool = False) -> Exec:
    """Stand in for kubectl: runs the command here, with the pod's paths."""
    folder.mkdir()
    program = folder / "kubectl"
    unpack = f"exec tar -x -f - -C {pod.target}"
    script = [
        "#!/bin/sh",
        f'echo "$@" >> {folder}/calls',
        'while [ "$1" != -- ]; do shift; done; shift',
        f"export LISTS={pod.lists} TARGET={pod.target}",
        'case "$1" in',
        f"tar) {'head -c 50000 >/dev/null; exit 9' if breaks else unpack};;",
        f'*) exec sh {pod.lists}/load.sh "$3";;',
        "esac",
    ]
    program.write_text("\n".join(script) + "\n")
    program.chmod(0o755)
    return Exec("loader", "team-a", {"PATH": f"{folder}:{os.environ['PATH']}"})


def test_weights_stream_into_a_pod_and_only_the_missing_ones(
    bundle: Bundle, tmp_path: Path
) -> None:
    """AG-50, AG-31: out of plain files and out of volumes, in place."""
    weights = weights_of(bundle)
    pod = Pod(tmp_path / "pod", weights)
    run = kubectl(tmp_path / "bin", pod)

    first = send_weights(bundle, MODEL_FOLDER, weights, run)
    next(pod.target.rglob("aa")).unlink()
    second = send_weights(bundle, MODEL_FOLDER, weights, run)

    assert (first, second) == (2, 1)
    assert pod.mark.exists()
    assert next(pod.target.rglob("config.json")).read_bytes() == b"{}"
    calls = (tmp_path / "bin/calls").read_text()
    assert "exec -i -n team-a loader -- tar --no-same-owner --no-same-permissions -x" in calls


def test_a_broken_stream_leaves_no_mark_and_says_what_to_do(bundle: Bundle, tmp_path: Path) -> None:
    """AG-50."""
    weights = weights_of(bundle)
    pod = Pod(tmp_path / "pod", weights)

    with pytest.raises(PreloadFailedError, match="Run the same command again"):
        send_weights(bundle, MODEL_FOLDER, weights, kubectl(tmp_path / "bin", pod, breaks=True))

    assert not pod.mark.exists()


def test_without_kubectl_the_other_way_is_named() -> None:
    with pytest.raises(ConfigurationError, match="bundle-claim"):
        Exec("pod", "ns", {"PATH": "/nowhere"}).command("sh")


# ── Manifests ───────────────────────────────────────────────────────────────────────────────────
DIGEST = "sha256:" + "a" * 64
LLAMA = Model(
    "llama",
    "llama",
    "nim/meta/llama",
    ("1.8.5",),
    family="llm",
    digests={"1.8.5": "sha256:" + "a" * 64},
)


def spec(**changes: Any) -> DeploymentSpec:
    base = DeploymentSpec(
        "llama", "team-a", LLAMA, "1.8.5", ExistingClaim("weights", "cache"), pin=True
    )
    return replace(base, **changes)


def runtime_of(wanted: DeploymentSpec) -> Manifest:
    return build_serving_runtime(
        wanted,
        packaged_template(Protocol.HTTP),
        family=family_of(wanted.model.family),
        request_id="r",
    )


def download(**changes: Any) -> PreloadPlan:
    options: dict[str, Any] = {
        "digest": "sha256:" + "a" * 64,
        "sub_path": "cache",
        "profiles": ["p1", "p2"],
        "native": False,
        "weights_bytes": 10**10,
    }
    return plan_download(runtime_of(spec()), ClaimWish("weights", "60Gi"), **{**options, **changes})


def test_the_download_has_the_image_mounts_and_key_of_the_runtime() -> None:
    """AG-50, R-AIR-04."""
    runtime = runtime_of(spec())
    serving = runtime["spec"]["containers"][0]

    job = download(
        options=JobOptions(proxies={"HTTPS_PROXY": "http://proxy:3128"}, ca_config_map="ca")
    ).objects[0]

    pod = job["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["image"] == serving["image"] == f"nvcr.io/nim/meta/llama:1.8.5@{DIGEST}"
    assert all(mount in container["volumeMounts"] for mount in serving["volumeMounts"])
    assert container["command"] == ["download-to-cache", "-p", "p1", "-p", "p2"]
    env = {each["name"]: each for each in container["env"]}
    assert env["NIM_CACHE_PATH"]["value"] == "/mnt/models/cache"
    assert env["NGC_API_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "nvidia-nim-secrets"
    assert {"HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "NIM_SDK_USE_NATIVE_TLS"} <= set(env)
    assert env["HOME"]["value"] in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert pod["imagePullSecrets"] == [{"name": "nvidia-nim-image-pull"}]
    assert "nvapi-" not in json.dumps(job)
    assert "nvidia.com/gpu" not in json.dumps(job)
    assert job["spec"]["backoffLimit"] == 3
    assert job["spec"]["activeDeadlineSeconds"] == 6 * 3600


@pytest.mark.parametrize("user", [None, 1000])
def test_the_pods_fit_the_restricted_profiles(user: int | None, folder_bundle: Bundle) -> None:
    """AG-50: no fixed user on OpenShift, 1000 as an option elsewhere."""
    options = JobOptions(run_as_user=user)
    weights = weights_of(folder_bundle)
    from_claim = plan_from_bundle(
        weights,
        MODEL_FOLDER,
        ClaimWish("weights"),
        "team-a",
        image="i",
        source=BundleClaim("media", "b"),
        options=options,
    )
    sent = plan_from_bundle(
        weights, MODEL_FOLDER, ClaimWish("weights"), "team-a", image="i", options=options
    )
    pods = [
        download(options=options).objects[0]["spec"]["template"]["spec"],
        from_claim.objects[1]["spec"]["template"]["spec"],
        sent.objects[1]["spec"],
    ]

    for pod in pods:
        security = pod["containers"][0]["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["securityContext"].get("runAsUser") == user
        assert pod["securityContext"].get("fsGroup") == user
        assert pod["automountServiceAccountToken"] is False
        assert pod["restartPolicy"] == "Never"


def test_the_loader_beside_a_bundle_has_no_key_and_reads_only(folder_bundle: Bundle) -> None:
    """AG-50."""
    plan = plan_from_bundle(
        weights_of(folder_bundle),
        MODEL_FOLDER,
        ClaimWish("weights"),
        "team-a",
        image="nvcr.io/nim/team/m0:1.0.0",
        sub_path="cache",
        source=BundleClaim("media", "b"),
    )
    lists, job = plan.objects

    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == [
        "sh",
        "/odh-nim/lists/load.sh",
        "copy",
        f"/odh-nim/bundle/b/models/{MODEL_FOLDER}/files",
    ]
    assert {"name": "nim-pvc", "mountPath": "/mnt/models/cache", "subPath": "cache"} in container[
        "volumeMounts"
    ]
    assert "NGC_API_KEY" not in json.dumps(plan.objects)
    assert set(lists["data"]) == {"load.sh", "files.txt", "links.txt", "mark.json"}
    assert plan.needed_bytes == weights_of(folder_bundle).total * 120 // 100
    assert len(job["metadata"]["name"]) <= 63
    assert room_for(10 * 1024**3) == "12Gi"


def test_native_images_have_another_layout_and_no_profiles() -> None:
    """AG-51, R-AIR-04."""
    assert target_path("native-v1", "cache") == "cache/model"
    assert target_path("native-v1", "") == "model"
    assert target_path("", "cache") == "cache"

    plan = download(native=True)
    container = plan.objects[0]["spec"]["template"]["spec"]["containers"][0]

    assert "command" not in container
    assert {"name": "NIM_ENGINE_MODEL_DOWNLOAD_ONLY", "value": "1"} in container["env"]
    assert plan.marks.profiles == ()
    assert plan.marks.env == ()


def test_a_native_runtime_mounts_the_folder_that_the_loader_fills() -> None:
    """AG-51: the two halves agree."""
    native = next(
        (family, tag)
        for family in map(family_of, ("retriever-embed", "retriever-rerank", "llm"))
        for tag in ("2.2.2",)
        if family.caches_natively(tag)
    )
    model = Model("e", "e", "nim/nvidia/e", (native[1],), family=native[0].id)

    runtime = runtime_of(spec(model=model, tag=native[1]))

    mounts = runtime["spec"]["containers"][0]["volumeMounts"]
    folder = next(mount["subPath"] for mount in mounts if mount["mountPath"] == "/model")
    assert folder == target_path("native-v1", "cache")


def test_a_download_names_its_profiles_or_is_refused() -> None:
    with pytest.raises(InputError, match="No profile"):
        download(profiles=[])


# ── Serving ─────────────────────────────────────────────────────────────────────────────────────
FILLED = Preloaded(
    "weights",
    "nvcr.io/nim/meta/llama:1.8.5",
    "sha256:" + "a" * 64,
    ("p1", "p2"),
    10**10,
    sub_path="cache",
)


def test_a_deployment_from_preloaded_weights_pins_the_profile_and_has_no_key() -> None:
    """AG-52, AG-45, R-AIR-05."""
    wanted = spec(storage=FILLED.storage, env=FILLED.env, key=KeyChoice.NONE)

    runtime = runtime_of(wanted)
    service = build_inference_service(wanted, request_id="r")

    text = json.dumps([runtime, service])
    assert "NGC_API_KEY" not in text
    assert "HF_TOKEN" not in text
    assert "imagePullSecrets" not in text
    assert '{"name": "NIM_MODEL_PROFILE", "value": "p1"}' in text
    mount = next(
        each
        for each in runtime["spec"]["containers"][0]["volumeMounts"]
        if each["mountPath"] == "/mnt/models/cache"
    )
    assert mount["subPath"] == "cache"


def test_marks_are_read_back_and_tell_whether_an_image_fits() -> None:
    claim: Manifest = {"metadata": {"name": "weights", **preload_marks(FILLED)["metadata"]}}

    assert read_preloaded(claim) == FILLED
    assert read_preloaded({"metadata": {"name": "other"}}) is None
    assert FILLED.fits("nvcr.io/nim/meta/llama:1.8.5")
    assert FILLED.fits("mirror.example.com/nim/meta/llama:1.8.5")
    assert FILLED.fits("mirror.example.com:5000/site/nv/nim/meta/llama:1.8.5")
    in_mirror = replace(FILLED, image="mirror.example.com/nv/nim/meta/llama:1.8.5")
    assert in_mirror.fits("nvcr.io/nim/meta/llama:1.8.5")
    assert not FILLED.fits("nvcr.io/other-nim/meta/llama:1.8.5")
    assert not replace(FILLED, image="").fits("nvcr.io/nim/meta/llama:1.8.5")
    assert FILLED.fits(f"nvcr.io/nim/meta/llama:1.8.5@sha256:{'a' * 64}")
    assert not FILLED.fits(f"nvcr.io/nim/meta/llama:1.8.5@sha256:{'b' * 64}")
    assert not FILLED.fits("nvcr.io/nim/meta/llama:1.9.0")


# ── The walk ────────────────────────────────────────────────────────────────────────────────────
class Cluster:
    """Holds objects; Jobs end as told."""

    def __init__(
        self, *objects: Manifest, ends: str = "Complete", words: Sequence[str] = ()
    ) -> None:
        self.objects = {(each["kind"], each["metadata"]["name"]): each for each in objects}
        self.ends = ends
        self.words = list(words)
        self.calls: list[str] = []

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        found = self.objects.get((resource.kind, name))
        if found is None:
            raise NotFoundError(f"get {resource.kind}/{name}", "not found", status=404)
        if resource.kind == "Job" and self.ends:
            condition = {"type": self.ends, "status": "True", "message": "BackoffLimitExceeded"}
            return {**found, "status": {"conditions": [condition]}}
        if resource.kind == "Pod":
            return {**found, "status": {"phase": self.ends or "Pending"}}
        return found

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        return [each for (kind, _), each in self.objects.items() if kind == resource.kind]

    async def create(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        key = (manifest["kind"], manifest["metadata"]["name"])
        self.calls.append(f"create {key[0]}")
        if key in self.objects:
            raise AlreadyExistsError("create", "it is there", status=409)
        self.objects[key] = manifest
        return manifest

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        self.calls.append(f"patch {resource.kind}")
        found = self.objects[resource.kind, name]
        assert merge is not None
        for part in ("labels", "annotations"):
            found["metadata"].setdefault(part, {}).update(merge["metadata"][part])
        return found

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        self.calls.append(f"delete {resource.kind}")
        self.objects.pop((resource.kind, name), None)

    async def logs(
        self, pod: str, namespace: str, *, tail_lines: int | None = None
    ) -> AsyncIterator[str]:
        for line in self.words:
            yield line


def now() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.anyio
async def test_the_claim_is_marked_after_the_job_and_listed_then() -> None:
    """AG-50, R-AIR-04."""
    cluster = Cluster()

    done = await preload(cluster, download(), within=5, now=now, poll=0)

    assert cluster.calls == [
        "create PersistentVolumeClaim",
        "create Job",
        "patch PersistentVolumeClaim",
    ]
    assert await list_preloaded(cluster, "team-a") == [done]
    assert done.at == "2026-03-01T00:00:00Z"
    assert done.profiles == ("p1", "p2")
    claim = cluster.objects["PersistentVolumeClaim", "weights"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "60Gi"


@pytest.mark.anyio
async def test_a_failed_job_leaves_the_claim_unmarked_and_gives_its_last_words() -> None:
    """AG-50, F46."""
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "ownerReferences": [{"name": "nim-preload-weights"}]},
        "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "weights"}}]},
    }
    cluster = Cluster(pod, ends="Failed", words=["No space left on device"])

    with pytest.raises(PreloadFailedError, match="No space left") as error:
        await preload(cluster, download(), within=5, poll=0)

    assert error.value.exit_code == 8
    assert not any(call.startswith("patch") for call in cluster.calls)
    cluster.ends = "Complete"
    await preload(cluster, download(), within=5, poll=0)
    assert cluster.calls[-1] == "patch PersistentVolumeClaim"


@pytest.mark.anyio
async def test_a_failed_job_of_an_earlier_run_is_made_anew() -> None:
    """F46."""
    cluster = Cluster(download().objects[0], ends="Failed")

    with pytest.raises(PreloadFailedError):
        await preload(cluster, download(), within=5, poll=0)

    assert cluster.calls[1:] == ["delete Job", "create Job"]


@pytest.mark.anyio
async def test_a_job_that_waits_says_what_for() -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "401 Unauthorized"}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "ownerReferences": [{"name": "nim-preload-weights"}]},
        "spec": {},
        "status": {"containerStatuses": [{"state": {"waiting": waiting}}]},
    }
    cluster = Cluster(pod, ends="")

    with pytest.raises(PreloadFailedError, match="It waits: ImagePullBackOff: 401 Unauthorized"):
        await preload(cluster, download(), within=0.05, poll=0.01)


@pytest.mark.anyio
async def test_a_job_of_another_plan_that_runs_is_not_taken_up() -> None:
    """AG-50: the claim would be marked with weights that it does not hold."""
    other = download(profiles=("p9",))
    cluster = Cluster(*other.marked_objects(), ends="")

    with pytest.raises(PreloadFailedError, match="filling this claim with other weights"):
        await preload(cluster, download(), within=1, poll=0.01)

    assert cluster.calls == ["create PersistentVolumeClaim"]


@pytest.mark.anyio
async def test_a_complete_job_of_another_plan_or_of_an_earlier_claim_counts_for_nothing() -> None:
    """AG-50."""
    same = download()
    for earlier in (download(profiles=("p9",)).marked_objects(), same.marked_objects("old-uid")):
        cluster = Cluster(*earlier)
        await preload(cluster, same, within=1, now=now, poll=0)
        assert cluster.calls[1:3] == ["delete Job", "create Job"]
    cluster = Cluster(*same.marked_objects())
    await preload(cluster, same, within=1, now=now, poll=0)
    assert "delete Job" not in cluster.calls


@pytest.mark.anyio
async def test_a_job_that_takes_longer_goes_on_without_us() -> None:
    cluster = Cluster(ends="")

    with pytest.raises(PreloadFailedError, match="it goes on"):
        await preload(cluster, download(), within=0.05, poll=0.01)

    assert ("Job", "nim-preload-weights") in cluster.objects


def claim_of(size: str, **marks: Any) -> Manifest:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "weights", **marks},
        "spec": {"resources": {"requests": {"storage": size}}},
    }


OTHER = preload_marks(replace(FILLED, image="nvcr.io/nim/x:1", digest="sha256:" + "b" * 64))[
    "metadata"
]
USER = {
    "kind": "Pod",
    "metadata": {"name": "llama-predictor-1"},
    "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "weights"}}]},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("objects", "size", "codes"),
    [
        ([], None, ["claim-missing"]),
        ([], "1Gi", ["claim-small"]),
        ([claim_of("5Gi")], "60Gi", ["claim-small"]),
        ([claim_of("60Gi", **OTHER)], None, ["claim-filled"]),
        ([claim_of("60Gi"), USER], None, ["claim-busy"]),
        ([claim_of("1Gi", **OTHER), USER], None, ["claim-small", "claim-filled", "claim-busy"]),
    ],
)
@pytest.mark.anyio
async def test_a_claim_that_cannot_be_filled_is_told_with_all_reasons_before_any_write(
    objects: list[Manifest], size: str | None, codes: list[str]
) -> None:
    """F46."""
    cluster = Cluster(*objects)
    plan = replace(download(), claim=ClaimWish("weights", size))

    with pytest.raises(PreflightError) as error:
        await preload(cluster, plan, within=5, poll=0)

    assert [finding.code for finding in error.value.findings] == codes
    assert all(finding.remedy for finding in error.value.findings)
    assert cluster.calls == []


@pytest.mark.anyio
async def test_a_sent_bundle_ends_with_the_pod_gone_and_the_claim_marked(
    folder_bundle: Bundle,
) -> None:
    """AG-50."""
    cluster = Cluster(claim_of("60Gi"), ends="Running")
    plan = plan_from_bundle(
        weights_of(folder_bundle), MODEL_FOLDER, ClaimWish("weights"), "team-a", image="i"
    )
    sent: list[str] = []

    async def send() -> None:
        sent.extend(cluster.calls)

    await preload(cluster, plan, within=5, poll=0, stream=send)

    assert sent == ["create ConfigMap", "create Pod"]
    assert cluster.calls[2:] == ["patch PersistentVolumeClaim", "delete Pod", "delete ConfigMap"]
