"""The shipped manifests of the server: T7, T17, R-EXT-05, R-EXT-06."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from odh_nim.domain.manifest import describe
from odh_nim.manifests.yaml import load_all
from support.kustomize import render

CONFIG = Path(__file__).parents[3] / "config"
WEB = CONFIG / "web"
ACCOUNT = "odh-nim-web"


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.rglob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        # Lists of patch operations are no objects.
        if not text.lstrip("# ").startswith("- ") and "\n- op:" not in text:
            yield from load_all(text)


def deployments() -> list[dict[str, Any]]:
    return [item for item in documents(WEB) if item["kind"] == "Deployment"]


def containers() -> list[dict[str, Any]]:
    """Every container with its security; patches only change what a base already has."""
    found = [
        one
        for item in deployments()
        for one in item["spec"]["template"]["spec"].get("containers", [])
    ]
    return [one for one in found if "image" in one]


@pytest.mark.parametrize("container", containers(), ids=lambda one: one["image"])
def test_every_container_is_restricted(container: dict[str, Any]) -> None:
    """T17: Pod Security "restricted", and a root nobody writes to."""
    security = container["securityContext"]

    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]
    assert container["readinessProbe"]
    assert container["livenessProbe"]


def test_the_pod_is_restricted_and_has_no_token() -> None:
    """T17, S18, R-EXT-05."""
    [base] = [item for item in deployments() if "replicas" in item["spec"]]
    pod = base["spec"]["template"]["spec"]

    assert base["spec"]["replicas"] == 2
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod["automountServiceAccountToken"] is False
    volumes = str([item["spec"]["template"]["spec"].get("volumes") for item in deployments()])
    assert "serviceAccountToken" not in volumes
    for forbidden in ("hostNetwork", "hostPID", "hostIPC", "hostPath", "privileged"):
        assert forbidden not in str(deployments())
    # As long as a deployment and its way back may take.
    assert pod["terminationGracePeriodSeconds"] >= 120 + 30


def test_the_server_listens_where_only_the_proxy_reaches_it() -> None:
    """S3."""
    [web] = [one for one in containers() if one["name"] == "web"]
    [service] = [item for item in documents(WEB / "base") if item["kind"] == "Service"]

    assert "ports" not in web
    assert web["args"][:3] == ["serve", "--host", "127.0.0.1"]
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["proxy"]
    proxies = [one for one in containers() if one["name"] == "proxy"]
    assert [one["ports"][0]["name"] for one in proxies] == ["proxy", "proxy"]


def rules_of(account: str) -> list[dict[str, Any]]:
    """The rules that reach a ServiceAccount: by its name, or as one of all authenticated."""
    everything = list(documents(CONFIG))
    roles = {
        (item["kind"], item["metadata"]["name"]): item.get("rules", [])
        for item in everything
        if item.get("kind") in ("Role", "ClusterRole")
    }
    found = []
    for item in everything:
        if item.get("kind") not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        for subject in item["subjects"]:
            named = subject["kind"] == "ServiceAccount" and subject["name"] == account
            if named or subject["name"] == "system:authenticated":
                reference = item["roleRef"]
                found += [
                    rule | {"everywhere": item["kind"] == "ClusterRoleBinding", "named": named}
                    for rule in roles[reference["kind"], reference["name"]]
                ]
    return found


def test_the_servers_account_has_no_rule_of_its_own() -> None:
    """T7, S18, R-EXT-05: only what everybody who is logged in has, by name and to read."""
    rules = rules_of(ACCOUNT)

    assert [rule for rule in rules if rule["named"]] == []
    assert len(rules) <= 3
    for rule in rules:
        assert rule["verbs"] == ["get"]
        assert rule["resourceNames"]
        assert "secrets" not in rule["resources"]
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["resourceNames"])
        assert not rule["everywhere"]
    assert [item["kind"] for item in documents(WEB) if "Role" in item["kind"]] == []


def test_traffic_is_limited_both_ways() -> None:
    """T17."""
    [policy] = [item for item in documents(WEB) if item["kind"] == "NetworkPolicy"]

    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert [one["port"] for rule in policy["spec"]["ingress"] for one in rule["ports"]] == ["proxy"]
    out = {one["port"] for rule in policy["spec"]["egress"] for one in rule["ports"]}
    assert out == {53, 5353, 443, 6443}


def test_no_secret_is_shipped() -> None:
    assert [item["kind"] for item in documents(WEB) if item["kind"] == "Secret"] == []


@pytest.mark.parametrize("folder", ["base", "overlays/openshift", "overlays/kubernetes"])
def test_every_file_is_part_of_its_kustomization(folder: str) -> None:
    [listed] = load_all((WEB / folder / "kustomization.yaml").read_text(encoding="utf-8"))
    named = {*listed["resources"], *(one["path"] for one in listed.get("patches", []))}
    there = {file.name for file in (WEB / folder).glob("*.yaml")} - {"kustomization.yaml"}

    assert {one for one in named if one.endswith(".yaml")} == there


@pytest.mark.parametrize("overlay", ["openshift", "kubernetes"])
def test_own_resolution_equals_kustomize(overlay: str) -> None:
    """What the tests apply is what kubectl would, where it is installed."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed: the overlays are resolved by our own loader only")
    folder = WEB / "overlays" / overlay
    rendered = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=True, capture_output=True, text=True
    )

    assert sorted(load_all(rendered.stdout), key=describe) == sorted(render(folder), key=describe)


def test_the_image_takes_nothing_without_a_hash() -> None:
    """S27: kept buildable without surprises from the network."""
    text = (CONFIG.parent / "Containerfile").read_text(encoding="utf-8")
    installs = text.replace("\\\n", " ").split("&&")

    for line in (one for one in installs if "pip install" in one):
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert "USER 1001" in text
