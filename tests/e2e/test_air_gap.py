"""The guide through the air gap, typed: from a list to models that are served, cut off.

Every block that the guide marks as `sh` runs as it stands, but for the names of the places. After
the carrying NVIDIA's registry is gone, and the commands may reach the mirror and the API server
only. Nodes pull from the mirror, with the cluster's own pull secret.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from odh_nim.sandbox.testing import ControlPlane
from support.cut_off import cut_off, write_command
from support.registry_images import image, layer
from support.registry_program import MISSING, RegistryProgram, htpasswd, running
from support.registry_weights import make_cache
from support.registry_world import fill

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "air-gap.md"
BLOCK = re.compile(r"^## (\d+)|^```(sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CARRIED = 5
# robot, with a password that must be nowhere but in the login file and the pull secret.
USERS = "robot:$2b$04$mifjueeb8HTLk2PUqHbwfe4CGu57tnIUWM8a03K2UzN.fHuDu7Nxy\n"
CANARY = "pass-canary"
MODELS = {
    "nim/meta/llama-3.1-8b-instruct": ("1.8.5",),
    "nim/nvidia/nv-embedqa-e5-v5": ("1.6.0", "1.6"),
    "nim/nvidia/llama-3.2-nv-embedqa-1b-v2": ("1.10.0",),
}
OTHERS = ("nvidia/nv-embedqa-e5-v5:1.6.0", "nvidia/llama-3.2-nv-embedqa-1b-v2:1.10.0")
GLOBAL = "openshift-config"


@dataclass(frozen=True)
class Block:
    """One block of the guide, and the step that it is in."""

    step: int
    kind: str
    text: str


def read_guide() -> list[Block]:
    found, step = [], 0
    for match in BLOCK.finditer(GUIDE.read_text(encoding="utf-8")):
        step = int(match[1]) if match[1] else step
        if match[2]:
            found.append(Block(step, match[2], match[3]))
    return found


@dataclass
class Site:
    """Two registries, a cluster, and a shell in a folder."""

    plane: ControlPlane
    namespace: str
    folder: Path
    nvidia: RegistryProgram
    mirror: RegistryProgram
    said: list[str] = field(default_factory=list)

    def publish(self) -> None:
        base = layer(400_000, "base")
        for number, (repository, tags) in enumerate(MODELS.items()):
            labels = {"com.nvidia.nim.type": "llm"}
            if number == 2:
                labels["com.nvidia.nim.model_download_protocol"] = "native-v1"
            made = image([base, layer(100_000, repository)], labels=labels)
            for tag in tags:
                fill(self.nvidia, repository, tag, made)
        fill(self.nvidia, "kserve/agent", "v0.17.0", image([layer(5000, "agent")]))

    def prepare(self) -> None:
        """Make what a person has before the first step: a key, a cache, a login, programs."""
        key = self.folder / "key"
        shutil.copy(self.plane.key_file("good"), key)
        key.chmod(0o600)
        make_cache(self.folder / "cache/llama")
        login = base64.b64encode(f"robot:{CANARY}".encode()).decode()
        (self.folder / ".docker").mkdir()
        config = self.folder / ".docker/config.json"
        config.write_text(json.dumps({"auths": {self.mirror.host: {"auth": login}}}))
        (self.folder / "bin").mkdir()
        kubeconfig = str(self.plane.kubeconfig("admin"))
        write_command(self.folder / "bin/oc", ["kubectl", "--kubeconfig", kubeconfig])
        write_command(self.folder / "bin/odh-nim", [sys.executable, "-m", "odh_nim"])

    def cut_off(self) -> None:
        """From here on nothing is reached but the mirror and the API server."""
        self.nvidia.kill()
        api = int(self.plane.admin.server.rpartition(":")[2])
        write_command(self.folder / "bin/odh-nim", cut_off({api, self.mirror.port}))

    def local(self, text: str) -> str:
        """Put this world's names into a block of the guide."""
        changes = {
            "mirror.example.com:5000/nvidia": f"{self.mirror.url}/nvidia",
            "mirror.example.com:5000": self.mirror.host,
            "docker.io/kserve": f"{self.nvidia.host}/kserve",
            "redhat-ods-applications": self.plane.applications_namespace,
            "-n team-a": f"-n {self.namespace}",
            # Nodes of the sandbox run no programs: a Job copies, nothing is sent by `exec`.
            "--bundle bundle": "--bundle bundle --bundle-claim media",
        }
        for theirs, ours in changes.items():
            text = text.replace(theirs, ours)
        return text

    def type(self, text: str, *, user: str = "alice") -> str:
        """Type lines into a shell; the first that fails ends them."""
        bin_folder, path = self.folder / "bin", os.environ["PATH"]
        environ = {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            **self.plane.environment(user),
            "ODH_NIM_REGISTRY_URL": self.nvidia.url,
            "ODH_NIM_CACHE_HOME": str(self.folder / "memory"),
            "HOME": str(self.folder),
            "PATH": f"{bin_folder}:{path}",
        }
        answer = subprocess.run(
            ["sh", "-e", "-c", text],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self.said.append(answer.stdout)
        assert answer.returncode == 0, f"{text}\n{answer.stdout}"
        return answer.stdout


def pull_secret() -> str:
    config = json.dumps({"auths": {"quay.io": {"auth": "eHg="}}})
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "pull-secret", "namespace": GLOBAL},
            "stringData": {".dockerconfigjson": config},
        }
    )


MEDIA = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "media"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
)


@contextmanager
def openshift(site: Site) -> Iterator[None]:
    """Give the cluster what every OpenShift has, and leave none of the guide's objects."""
    place = site.plane.applications_namespace
    site.type(
        f"oc create namespace {GLOBAL} --dry-run=client -o yaml | oc apply -f -\n"
        f"echo '{pull_secret()}' | oc apply -f -\n"
        f"echo '{MEDIA}' | oc apply -n {site.namespace} -f -"
    )
    try:
        yield
    finally:
        site.type(
            "oc delete imagedigestmirrorset,imagetagmirrorset odh-nim-mirror --ignore-not-found\n"
            f"oc delete configmap nvidia-nim-models-mirror odh-nim-config -n {place} "
            "--ignore-not-found\n"
            f"oc delete role,rolebinding mirror-catalogue-reader -n {place} --ignore-not-found"
        )


@pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not on PATH: it plays the guide's `oc`"
)
def test_the_guide_leads_from_a_list_to_models_that_are_served_cut_off(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """AG-30, AG-35, AG-42, AG-44, AG-45, AG-52, R-AIR-01 to 08, R-DOC-07, R-TST-02."""
    assert shutil.which("docker-registry"), MISSING
    with ExitStack() as stack:
        nvidia = stack.enter_context(running(tmp_path / "nvidia"))
        users = htpasswd(tmp_path / "mirror", USERS)
        mirror = stack.enter_context(running(tmp_path / "mirror", auth=users))
        folder = tmp_path / "admin"
        folder.mkdir()
        site = Site(control_plane, namespace, folder, nvidia, mirror)
        site.publish()
        site.prepare()
        stack.enter_context(openshift(site))

        walk(site)

        check_served(site)
        check_nothing_leaked(site)


def walk(site: Site) -> None:
    """Do what the guide says, block by block; then deploy the other two models."""
    is_cut = False
    for block in read_guide():
        text = site.local(block.text)
        if block.kind == "yaml":
            (site.folder / "models.yaml").write_text(text)
            continue
        if block.step > CARRIED and not is_cut:
            site.cut_off()
            is_cut = True
        site.type(text, user="admin" if block.step == 8 else "alice")
    assert is_cut
    for model in OTHERS:
        site.type(f"odh-nim deploy {model} -n {site.namespace} --storage 1Gi")


def check_served(site: Site) -> None:
    views = json.loads(site.type(f"odh-nim deployments list -n {site.namespace} -o json"))
    assert {(view["status"], view["keySecret"]) for view in views} == {("Ready", None)}
    images = {view["image"] for view in views}
    assert images == {f"nvcr.io/{name}:{tags[0]}" for name, tags in MODELS.items()}
    objects = site.type(f"oc get secret,isvc,servingruntime -n {site.namespace} -o json")
    items = json.loads(objects)["items"]
    assert [item for item in items if item["kind"] == "Secret"] == []
    assert "NGC_API_KEY" not in objects
    assert "imagePullSecrets" not in objects
    assert '"tp1-fp8"' in objects


def check_nothing_leaked(site: Site) -> None:
    key = (site.folder / "key").read_text().strip()
    said = "".join(site.said)
    assert key not in said
    assert CANARY not in said
    for place in ("bundle", "resources", "plan.yaml", "found.json", "models.yaml", "memory"):
        path = site.folder / place
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        for each in files:
            content = each.read_bytes()
            assert key.encode() not in content, each
            assert CANARY.encode() not in content, each
