"""What can be said about a specification without asking anybody; pure."""

from collections.abc import Iterator
from typing import Final

from odh_nim.deployment.rules_storage import storage_findings
from odh_nim.deployment.rules_text import environment_findings, token_findings
from odh_nim.deployment.surroundings import Surroundings
from odh_nim.domain.deployment_name import check_deployment_name, check_namespace
from odh_nim.domain.deployment_spec import DeploymentSpec
from odh_nim.domain.errors import InputError, InvalidNameError
from odh_nim.domain.family import Family
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.quantity import parse_quantity, positive

_WORDS: Final = {Protocol.HTTP: "HTTP", Protocol.GRPC: "gRPC"}


def spec_findings(
    spec: DeploymentSpec,
    family: Family,
    *,
    applications_namespace: str | None,
    surroundings: Surroundings | None,
) -> list[Finding]:
    """Check a specification; errors stop it, warnings and notices are shown before."""
    return [
        *_names(spec, applications_namespace),
        *_model(spec, family),
        *_protocol(spec, family),
        *_access(spec, family, surroundings),
        *token_findings(spec),
        *_resources(spec),
        *storage_findings(spec),
        *environment_findings(spec),
    ]


def _names(spec: DeploymentSpec, applications_namespace: str | None) -> Iterator[Finding]:
    try:
        check_namespace(spec.namespace, applications_namespace=applications_namespace)
    except InvalidNameError as error:
        yield Finding(Severity.ERROR, "project-invalid", "project", error.message, error.remedy)
    try:
        check_deployment_name(spec.name, spec.namespace)
    except InvalidNameError as error:
        yield Finding(Severity.ERROR, "name-invalid", "name", error.message, error.remedy)


def _model(spec: DeploymentSpec, family: Family) -> Iterator[Finding]:
    model = spec.model
    try:
        model.image(spec.tag, pin=spec.pin)
    except InputError as error:
        yield Finding(Severity.ERROR, "image-invalid", "tag", error.message, error.remedy)
    if spec.pin and spec.tag not in model.digests:
        yield Finding(
            Severity.WARNING,
            "digest-unknown",
            "pin",
            f"The catalogue knows no digest of {model.name}:{spec.tag}: the tag is used alone.",
        )
    if model.eu_restricted:
        yield Finding(
            Severity.WARNING,
            "eu-restricted",
            "model",
            f"NVIDIA does not offer {model.title} in the EU: a pull from there answers 451.",
            "Choose another model if the cluster's nodes are in the EU.",
        )
    if model.multinode:
        yield Finding(
            Severity.NOTICE,
            "multinode",
            "model",
            f"NVIDIA marks {model.title} for several nodes; a deployment here runs on one.",
        )
    given = {variable.name for variable in spec.env}
    for credential in family.extra_credentials:
        if credential not in given:
            yield Finding(
                Severity.NOTICE,
                "extra-credential",
                "env",
                f"Images of the family {family.title} may also want {credential}.",
                "Give it as an environment variable from a Secret.",
            )


def _protocol(spec: DeploymentSpec, family: Family) -> Iterator[Finding]:
    spoken = spec.model.protocols
    word = _WORDS[spec.protocol]
    if spec.protocol not in spoken:
        other = " and ".join(_WORDS[protocol] for protocol in spoken)
        yield Finding(
            Severity.ERROR,
            "protocol-not-spoken",
            "protocol",
            f"{spec.model.title} does not speak {word}: images of the family {family.title} "
            f"speak {other}.",
            f"Use --protocol {spoken[0]}." if spoken else "",
        )
    elif Protocol.HTTP not in spoken:
        yield Finding(
            Severity.NOTICE,
            "protocol-grpc-only",
            "protocol",
            f"gRPC is used: images of the family {family.title} speak nothing else.",
        )


def _access(
    spec: DeploymentSpec, family: Family, surroundings: Surroundings | None
) -> Iterator[Finding]:
    if spec.protocol is Protocol.GRPC:
        yield from _grpc_access(spec, family)
    if spec.expose and not spec.auth:
        yield Finding(
            Severity.WARNING,
            "exposed-open",
            "access",
            "Everybody who reaches the cluster's router can use the model.",
            "Add token access, or keep the deployment inside the cluster.",
        )
    if spec.auth and surroundings is not None and not surroundings.routes:
        yield Finding(
            Severity.ERROR if spec.expose else Severity.WARNING,
            "auth-not-enforced",
            "access",
            "Nothing on this cluster asks for the token: Open Data Hub's KServe adds that check, "
            "upstream KServe does not.",
            "Leave token access out, and restrict access with a NetworkPolicy or a gateway.",
        )


def _grpc_access(spec: DeploymentSpec, family: Family) -> Iterator[Finding]:
    if spec.auth:
        yield Finding(
            Severity.ERROR,
            "grpc-auth",
            "access",
            "Token access does not carry gRPC: its proxy speaks HTTP/1 to the model.",
            "Leave token access out, or use --protocol http.",
        )
    if spec.expose:
        beside = family.http_beside_grpc
        yield Finding(
            Severity.WARNING if beside else Severity.ERROR,
            "grpc-exposed",
            "access",
            "The external address does not carry gRPC"
            + ("; it reaches the HTTP port beside it." if beside else "."),
            "Dial gRPC inside the cluster, or make a route with an own certificate.",
        )


def _resources(spec: DeploymentSpec) -> Iterator[Finding]:
    amounts = {"cpu": spec.resources.cpu, "memory": spec.resources.memory, "shm": spec.shm_size}
    broken = False
    for field, text in amounts.items():
        try:
            positive(text, field)
        except InputError as error:
            broken = True
            yield Finding(Severity.ERROR, "quantity-invalid", field, error.message, error.remedy)
    if not broken and parse_quantity(spec.shm_size) >= parse_quantity(spec.resources.memory):
        yield Finding(
            Severity.WARNING,
            "shm-large",
            "shm",
            f"Shared memory of {spec.shm_size} counts as memory of the pod, which may use "
            f"{spec.resources.memory} in all.",
            "Give more memory.",
        )
    if spec.replicas < 1:
        yield Finding(
            Severity.ERROR, "replicas-invalid", "replicas", "At least one replica is needed."
        )
    yield from _gpus(spec)


def _gpus(spec: DeploymentSpec) -> Iterator[Finding]:
    need, gpus = spec.model.gpu, spec.resources.gpus
    if gpus < 0:
        yield Finding(Severity.ERROR, "gpus-invalid", "gpus", "GPUs cannot be fewer than none.")
    elif need is None:
        return
    elif gpus == 0 and need.required:
        yield Finding(
            Severity.ERROR,
            "gpu-required",
            "gpus",
            f"{spec.model.title} does not run without a GPU.",
            f"Use --gpus {min(need.counts, default=1)}.",
        )
    elif gpus and need.counts and gpus not in need.counts:
        counts = ", ".join(map(str, need.counts))
        yield Finding(
            Severity.WARNING,
            "gpu-count",
            "gpus",
            f"NVIDIA publishes profiles of {spec.model.title} for {counts} GPUs, not for {gpus}.",
        )
