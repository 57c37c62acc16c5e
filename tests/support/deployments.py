"""Specifications, plans and objects of deployments, for tests."""

from typing import Any

from odh_nim.deployment import Plan, Surroundings, plan_deployment
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import DeploymentSpec, KeyChoice, NewClaim
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.families import family_of
from odh_nim.manifests.templates import packaged_template

APPLICATIONS = "opendatahub"
KEY = "nvapi-canary-0123456789abcdef"
LLAMA = Model(
    key="llama-3.1-8b-instruct",
    name="llama-3.1-8b-instruct",
    repository="nim/meta/llama-3.1-8b-instruct",
    tags=("1.8.5", "latest"),
    display_name="Llama 3.1 8B Instruct",
    latest_tag="latest",
    family="llm",
    weights_bytes=16_000_000_000,
)
EMBED = Model(
    key="nv-embedqa-e5-v5",
    name="nv-embedqa-e5-v5",
    repository="nim/nvidia/nv-embedqa-e5-v5",
    tags=("1.6.0",),
    family="retriever-embed",
    protocols=(Protocol.HTTP, Protocol.GRPC),
)
MAXINE = Model(
    key="maxine-bnr",
    name="maxine-bnr",
    repository="nim/nvidia/maxine-bnr",
    tags=("1.0.0",),
    family="maxine",
    protocols=(Protocol.GRPC,),
)


def spec(**changes: Any) -> DeploymentSpec:
    values: dict[str, Any] = {
        "name": "llama",
        "namespace": "team-a",
        "model": LLAMA,
        "tag": "1.8.5",
        "storage": NewClaim("50Gi"),
    }
    return DeploymentSpec(**(values | changes))


def plan(
    request_id: str = "request-1",
    *,
    key: str | None = None,
    choice: KeyChoice = KeyChoice.PROJECT,
    surroundings: Surroundings | None = None,
    **changes: Any,
) -> Plan:
    wanted = spec(key=choice, **changes)
    return plan_deployment(
        wanted,
        packaged_template(wanted.protocol),
        family=family_of(wanted.model.family),
        request_id=request_id,
        applications_namespace=APPLICATIONS,
        key=ApiKey(key) if key else None,
        surroundings=surroundings,
    )


def made(plan: Plan) -> list[Manifest]:
    """The objects of a plan, as a cluster would hold them before any owner was set."""
    return [dict(item) for item in plan.manifests]


def owners(item: Manifest | None) -> list[str]:
    references = (item or {}).get("metadata", {}).get("ownerReferences") or []
    return [f"{one['kind']}/{one['name']}" for one in references]
