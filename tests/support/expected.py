"""What a deployment's manifests must say, worked out apart from the code that builds them."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from odh_nim.domain.deployment_spec import ExistingClaim, KeyChoice
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol
from support.plans import Built

# A statement about all manifests of one deployment.
Row = tuple[str, Callable[[Built], bool]]
DASHBOARD = "opendatahub.io/dashboard"
MANAGED = "opendatahub.io/managed"
CHAT = ("llm", "vlm")
SHM = "/dev/shm"  # noqa: S108 - a mount in a container
A2X = "/tmp/a2x"  # noqa: S108 - same
NINE = {
    SHM, "/mnt/models/cache", "/opt/nim/workspace", "/.cache", "/opt/nim/nginx",
    "/opt/nim/generated_configs", "/opt/nim/.cache", "/opt/nim/.config", "/opt/nim/.triton",
}  # fmt: skip


def claim_of(built: Built) -> tuple[str, str | None]:
    storage = built.spec.storage
    if isinstance(storage, ExistingClaim):
        return storage.name, storage.sub_path
    return f"nim-pvc-{built.spec.name}", None


def secret_names(built: Built) -> tuple[str, str]:
    suffix = f"-{built.spec.name}" if built.spec.key is KeyChoice.OWN else ""
    return f"nvidia-nim-secrets{suffix}", f"nvidia-nim-image-pull{suffix}"


def key_reference(built: Built) -> dict[str, Any]:
    return {"secretKeyRef": {"name": secret_names(built)[0], "key": "NGC_API_KEY"}}


def metrics(built: Built) -> dict[str, str]:
    """What speech and all others say; nothing where no metrics are documented."""
    undocumented = ("maxine", "audio2face-3d", "bionemo")
    if built.spec.model.family in undocumented:
        return {}
    port = "9000" if built.spec.model.family == "speech" else "8000"
    return {"prometheus.io/path": "/v1/metrics", "prometheus.io/port": port}


def ports(built: Built) -> list[tuple[str, int]]:
    if built.spec.protocol is Protocol.HTTP:
        return [("http", 9000 if built.spec.model.family == "speech" else 8000)]
    return {
        "retriever-embed": [("h2c", 8001), ("http", 8000)],
        "speech": [("h2c", 50051)],
        "maxine": [("h2c", 8001)],
        "audio2face-3d": [("h2c", 52000)],
    }[built.spec.model.family]


def port_variables(built: Built) -> dict[str, str]:
    known: dict[tuple[str, str], dict[str, str]] = {
        ("retriever-grpc", "1.6"): {"NIM_TRITON_GRPC_PORT": "8001"},
        ("retriever-grpc", "2.4.0"): {"NIM_SERVER_GRPC_BIND_ADDR": "0.0.0.0:8001"},
        ("speech-grpc", "1.4.0"): {"NIM_GRPC_API_PORT": "50051", "NIM_HTTP_API_PORT": "9000"},
        ("speech-http", "1.4.0"): {"NIM_HTTP_API_PORT": "9000"},
    }
    family = built.spec.model.family.partition("-")[0]
    return known.get((f"{family}-{built.spec.protocol}", built.spec.tag), {})


def probes(built: Built) -> list[Any]:
    checks: list[Any] = []
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        found = dict(built.container[probe])
        seconds = found.pop("periodSeconds") * found.pop("failureThreshold")
        assert found.pop("timeoutSeconds") >= 5
        checks.append((found, seconds))
    return checks


def wanted_probes(built: Built) -> list[Any]:
    if built.spec.model.family == "audio2face-3d":
        checks: list[Any] = [{"tcpSocket": {"port": 52000}}] * 3
    else:
        port = 9000 if built.spec.model.family == "speech" else 8000
        paths = ("/v1/health/ready", "/v1/health/ready", "/v1/health/live")
        checks = [{"httpGet": {"path": path, "port": port}} for path in paths]
    return list(zip(checks, (1800, 30, 120), strict=True))


def volume(built: Built, name: str) -> Manifest:
    volumes: dict[str, Manifest] = {item["name"]: item for item in built.runtime["spec"]["volumes"]}
    return volumes[name]


def mounts(built: Built) -> dict[str, tuple[str, str | None]]:
    found = built.container["volumeMounts"]
    assert len({item["mountPath"] for item in found}) == len(found)
    return {item["mountPath"]: (item["name"], item.get("subPath")) for item in found}


def cache_volume(built: Built) -> str:
    claim, _ = claim_of(built)
    # Dots are fine in a claim's name and not in a volume's.
    return claim if "." not in claim else "nim-pvc"


def native_mounts(built: Built) -> dict[str, tuple[str, str | None]]:
    if built.spec.model.family.startswith("retriever") and built.spec.tag.startswith("2"):
        name = cache_volume(built)
        return {"/model": (name, "model"), "/opt/cache": (name, "opt-cache")}
    return {}


def resources(built: Built) -> dict[str, str]:
    wanted = built.spec.resources
    amounts = {"cpu": wanted.cpu, "memory": wanted.memory}
    return amounts | ({"nvidia.com/gpu": str(wanted.gpus)} if wanted.gpus else {})


def model_of(built: Built) -> Manifest:
    found: Manifest = built.service["spec"]["predictor"]["model"]
    return found


def tokens(built: Built) -> list[tuple[str, str]]:
    if not built.spec.auth:
        return []
    return [
        ("ServiceAccount", "demo-sa"),
        ("Role", "demo-view-role"),
        ("RoleBinding", "demo-view"),
        *(("Secret", f"{token}-demo-sa") for token in built.spec.tokens),
    ]


def made_for_tokens(built: Built) -> list[Manifest]:
    kinds = ("ServiceAccount", "Role", "RoleBinding")
    return [
        item for item in built.manifests if item["kind"] in kinds or item in built.token_secrets
    ]


def decoded(secret: Manifest) -> dict[str, str]:
    return {name: b64decode(text, validate=True).decode() for name, text in secret["data"].items()}
