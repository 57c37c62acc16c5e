"""From the objects of a deployment to what is shown of it; pure."""

from typing import Final

from odh_nim.deployment.endpoints import endpoints_of
from odh_nim.deployment.status import Phase, StatusWord
from odh_nim.deployment.structs_serving import Runtime, Service, ServiceStatus, is_nim_image
from odh_nim.deployment.view import DeploymentView
from odh_nim.domain import names
from odh_nim.domain.errors import InputError, InvalidQuantityError, printable
from odh_nim.domain.image import ImageReference
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.quantity import parse_quantity

_LONGEST: Final = 300
_NVIDIA: Final = "nvidia.com/"
_CURRENT: Final = "UpToDate"
_FAILED_STATE: Final = "FailedToLoad"
_PHASES: Final = {"Pending": Phase.SCHEDULING, "Loading": Phase.LOADING}
_FATAL_REASONS: Final = ("NoSupportingRuntime", "RuntimeNotRecognized", "InvalidPredictorSpec")
# Variables that an image may read the key from.
_KEY_VARIABLES: Final = (names.API_KEY_FIELD, "NGC_CLI_API_KEY")


def is_nim(service: Service, runtime: Runtime | None) -> bool:
    """Say whether a deployment serves a NIM: ours, the stock dashboard's, or the operator's."""
    return (
        (runtime is not None and runtime.is_nim())
        or service.is_operators
        or is_nim_image(service.container)
        or service.metadata.label(names.MANAGED_BY_LABEL) == names.MANAGED_BY
    )


def build_view(
    service: Service,
    runtime: Runtime | None,
    *,
    headless: bool | None = None,
    ingress_url: str | None = None,
) -> DeploymentView:
    """Say what is known of a deployment without looking at its pods."""
    metadata = service.metadata
    container = runtime.container if runtime else service.container
    image = printable(container.image if container else "", _LONGEST)
    model, tag = _model_and_tag(image)
    word, message = _state(service, runtime)
    states = service.status.model_status and service.status.model_status.states
    phase = _PHASES.get(states.target_model_state) if states else None
    return DeploymentView(
        name=metadata.name,
        namespace=metadata.namespace,
        display_name=printable(metadata.annotation(names.DISPLAY_NAME) or metadata.name, _LONGEST),
        model=model,
        tag=tag,
        image=image,
        status=word,
        phase={StatusWord.READY: Phase.READY, StatusWord.STARTING: phase}.get(word),
        message=message,
        protocol=_protocol(runtime),
        gpus=_gpus(service),
        replicas=_replicas(service),
        endpoints=endpoints_of(service, runtime, headless=headless, ingress_url=ingress_url),
        key_secret=_key_secret(service, runtime),
        pull_secrets=_pull_secrets(service, runtime),
        claim=claim_of(runtime),
        created_at=metadata.creation_timestamp or "",
        request_id=metadata.annotation(names.REQUEST_ID),
        managed_by=_managed_by(service),
        runtime=service.runtime,
        uid=metadata.uid,
        auth=metadata.annotation(names.ENABLE_AUTH) == "true",
        stopped=metadata.annotation(names.STOP) == "true",
        hardware_profile=metadata.annotation(names.HARDWARE_PROFILE_NAME) or "",
    )


def claim_of(runtime: Runtime | None) -> str | None:
    """Name the claim a runtime mounts."""
    for volume in runtime.spec.volumes if runtime else ():
        if volume.persistent_volume_claim:
            return volume.persistent_volume_claim.claim_name
    return None


def _model_and_tag(image: str) -> tuple[str, str]:
    try:
        reference = ImageReference.parse(image)
    except InputError:
        return image, ""
    return reference.name, reference.tag or reference.digest or ""


def _state(service: Service, runtime: Runtime | None) -> tuple[StatusWord, str]:
    status = service.status
    if service.metadata.deletion_timestamp:
        return StatusWord.DELETING, ""
    if service.metadata.annotation(names.STOP) == "true":
        gone = status.condition("Stopped").status != "False"
        return (StatusWord.STOPPED if gone else StatusWord.STOPPING), ""
    if status.condition("Ready").status == "True":
        return StatusWord.READY, ""
    if service.runtime and runtime is None:
        return StatusWord.FAILED, f"ServingRuntime/{service.runtime} is missing."
    return _starting(status)


def _starting(status: ServiceStatus) -> tuple[StatusWord, str]:
    failure = status.model_status and status.model_status.last_failure_info
    if status.model_status and status.model_status.transition_status == _CURRENT:
        # KServe keeps the last failure after it is over.
        failure = None
    states = status.model_status and status.model_status.states
    message = ""
    if failure and failure.reason:
        message = printable(f"{failure.reason}: {failure.message}".strip(": "), _LONGEST)
    failed = bool(failure and failure.reason in _FATAL_REASONS) or bool(
        states and _FAILED_STATE in (states.active_model_state, states.target_model_state)
    )
    return (StatusWord.FAILED if failed else StatusWord.STARTING), message


def _protocol(runtime: Runtime | None) -> Protocol:
    spelling = runtime.metadata.annotation(names.API_PROTOCOL) if runtime else None
    return Protocol.GRPC if spelling == Protocol.GRPC.api_protocol else Protocol.HTTP


def _gpus(service: Service) -> int:
    amounts = service.amounts
    name = next((one for one in amounts if one.startswith(_NVIDIA)), names.GPU_RESOURCE)
    try:
        return int(parse_quantity(str(amounts.get(name, 0))))
    except InvalidQuantityError:
        return 0


def _replicas(service: Service) -> int:
    least = service.spec.predictor.min_replicas
    return 1 if least is None else least


def _key_secret(service: Service, runtime: Runtime | None) -> str | None:
    container = runtime.container if runtime else service.container
    for variable in container.env if container else ():
        source = variable.value_from and variable.value_from.secret_key_ref
        if source and variable.name in _KEY_VARIABLES:
            return source.name
    return None


def _pull_secrets(service: Service, runtime: Runtime | None) -> tuple[str, ...]:
    secrets = [
        *(runtime.spec.image_pull_secrets if runtime else ()),
        *service.spec.predictor.image_pull_secrets,
    ]
    return tuple(dict.fromkeys(one.name for one in secrets))


def _managed_by(service: Service) -> str:
    if service.is_operators:
        return names.NIM_SERVICE_KIND
    ours = service.metadata.label(names.MANAGED_BY_LABEL) == names.MANAGED_BY
    return names.MANAGED_BY if ours else "dashboard"
