"""Deployments of every kind, and the manifests they are made of, for tests."""

from dataclasses import dataclass, replace
from typing import Any, Final

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import (
    DeploymentSpec,
    EnvVar,
    ExistingClaim,
    HardwareProfile,
    KeyChoice,
    NewClaim,
    Resources,
    Strategy,
)
from odh_nim.domain.family import Family
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.access import build_token_objects
from odh_nim.manifests.claim import build_claim
from odh_nim.manifests.exposure import build_ingress
from odh_nim.manifests.families import family_of
from odh_nim.manifests.inference_service import build_inference_service
from odh_nim.manifests.secrets import build_key_secrets
from odh_nim.manifests.serving_runtime import build_serving_runtime
from odh_nim.manifests.templates import packaged_template

KEY: Final = ApiKey("nvapi-canary-0123456789abcdef")


def model(name: str, family: str, *tags: str, team: str = "nvidia") -> Model:
    return Model(
        key=name,
        name=name,
        repository=f"nim/{team}/{name}",
        tags=tags,
        display_name=name.replace("-", " ").title(),
        family=family,
        protocols=family_of(family).protocols,
    )


LLAMA: Final = model("llama-3.1-8b-instruct", "llm", "1.8.5", "latest", team="meta")
EMBED: Final = model("nv-embedqa-e5-v5", "retriever-embed", "1.6", "2.4.0", "latest")
ASR: Final = model("parakeet-1-1b-ctc-en-us", "speech", "1.4.0")
VOICE: Final = model("maxine-studio-voice", "maxine", "1.1.1")
FACE: Final = model("audio2face-3d", "audio2face-3d", "1.3.16")
MOLMIM: Final = model("molmim", "bionemo", "1.0.0")


def spec(chosen: Model = LLAMA, tag: str = "1.8.5", **changes: Any) -> DeploymentSpec:
    base = DeploymentSpec(
        name="demo", namespace="team-a", model=chosen, tag=tag, storage=NewClaim("50Gi")
    )
    return replace(base, **changes)


SPECS: Final = {
    "llm-http": spec(),
    "llm-own-key": spec(key=KeyChoice.OWN),
    "llm-no-key": spec(key=KeyChoice.NONE),
    "llm-exposed": spec(expose=True),
    "llm-auth-token": spec(auth=True, tokens=("default-name", "ci")),
    "llm-everything": spec(
        display_name="Llama for team A",
        description="Answers questions.",
        storage=ExistingClaim("weights.of-llama", "llama/8b"),
        resources=Resources(cpu="8", memory="64Gi", gpus=2),
        replicas=2,
        strategy=Strategy.RECREATE,
        env=(
            EnvVar("NIM_MAX_MODEL_LEN", "4096"),
            EnvVar("HF_TOKEN", value_from={"secretKeyRef": {"name": "hf", "key": "token"}}),
        ),
        args=("--log-level=debug", "1e3"),
        shm_size="16Gi",
        node_selector={"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
        tolerations=({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},),
        deployment_mode="RawDeployment",
        run_as_user=1000,
        timeout=600,
    ),
    "llm-hardware-profile": spec(
        hardware_profile=HardwareProfile("gpu-small", "opendatahub", "4711")
    ),
    "llm-no-gpu": spec(resources=Resources(gpus=0)),
    "retriever-http-1": spec(EMBED, "1.6"),
    "retriever-http-2": spec(EMBED, "2.4.0"),
    "retriever-grpc-1": spec(EMBED, "1.6", protocol=Protocol.GRPC),
    "retriever-grpc-2": spec(EMBED, "2.4.0", protocol=Protocol.GRPC),
    "speech-http": spec(ASR, "1.4.0"),
    "speech-grpc": spec(ASR, "1.4.0", protocol=Protocol.GRPC),
    "maxine-grpc": spec(VOICE, "1.1.1", protocol=Protocol.GRPC),
    "audio2face-grpc": spec(FACE, "1.3.16", protocol=Protocol.GRPC),
    "molmim-http": spec(MOLMIM, "1.0.0"),
}


@dataclass(frozen=True)
class Built:
    """A deployment with all its manifests, in the order in which they are created."""

    spec: DeploymentSpec
    family: Family
    manifests: list[Manifest]

    def of(self, kind: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    @property
    def runtime(self) -> Manifest:
        return self.of("ServingRuntime")[0]

    @property
    def service(self) -> Manifest:
        return self.of("InferenceService")[0]

    @property
    def container(self) -> Manifest:
        container: Manifest = self.runtime["spec"]["containers"][0]
        return container

    @property
    def env(self) -> dict[str, Any]:
        return {item["name"]: item for item in self.container["env"]}

    @property
    def key_secrets(self) -> list[Manifest]:
        return [item for item in self.of("Secret") if "data" in item]

    @property
    def token_secrets(self) -> list[Manifest]:
        return [item for item in self.of("Secret") if "data" not in item]


def build(chosen: DeploymentSpec) -> Built:
    family = family_of(chosen.model.family)
    manifests: list[Manifest] = []
    if chosen.key is not KeyChoice.NONE:
        owner = chosen.name if chosen.key is KeyChoice.OWN else None
        secrets = build_key_secrets(KEY, owner, revision="0123abcd", request_id="r-1")
        manifests += [
            secret | {"metadata": secret["metadata"] | {"namespace": chosen.namespace}}
            for secret in secrets
        ]
    if isinstance(chosen.storage, NewClaim):
        manifests.append(build_claim(chosen, request_id="r-1"))
    template = packaged_template(chosen.protocol)
    manifests += [
        build_serving_runtime(chosen, template, family=family, request_id="r-1"),
        build_inference_service(chosen, request_id="r-1"),
        *build_token_objects(chosen, request_id="r-1"),
    ]
    if chosen.expose:
        manifests.append(build_ingress(chosen, host="demo.example.com", request_id="r-1"))
    return Built(chosen, family, manifests)
