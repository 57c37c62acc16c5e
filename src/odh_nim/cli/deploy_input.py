"""From typed options to a specification; pure."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.deployment.rules_storage import default_claim_size
from odh_nim.domain.deployment_name import check_deployment_name, propose_name
from odh_nim.domain.deployment_spec import (
    DeploymentSpec,
    EnvVar,
    ExistingClaim,
    NewClaim,
    Resources,
    Strategy,
)
from odh_nim.domain.errors import InputError, printable
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.journeys.choice import Chosen, Wish, default_gpus, default_protocol
from odh_nim.manifests.yaml import load_yaml

_CLAIM: Final = "pvc:"
_TOLERATION: Final = re.compile(r"([^=:\s]+)(?:=([^:\s]*))?(?::([A-Za-z]+))?")
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUEST_ID: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,62}")


def wish_of(options: DeployOptions, namespace: str) -> Wish:
    """Read what a person asks for.

    Raises:
        InputError: The model or the request's id cannot be read.

    """
    request_id = check_request_id(options.request_id) if options.request_id else None
    return Wish(
        namespace=namespace,
        build=lambda chosen: build_spec(options, chosen),
        reference=ModelReference.parse(options.model),
        profile=options.hardware_profile,
        request_id=request_id,
        automatic_strategy=options.strategy == "auto",
        ingress_host=options.ingress_host,
        ingress_class=options.ingress_class,
    )


def build_spec(options: DeployOptions, chosen: Chosen) -> DeploymentSpec:
    """Make the specification that the options describe.

    Raises:
        InputError: An option cannot be read. What can be read but is wrong becomes a finding.

    """
    model, namespace = chosen.model, chosen.namespace
    name = deployment_name(options, model, namespace)
    return DeploymentSpec(
        name=name,
        namespace=namespace,
        model=model,
        tag=chosen.tag,
        storage=parse_storage(options, model),
        resources=_resources(options, model),
        replicas=options.replicas,
        protocol=Protocol(options.protocol) if options.protocol else default_protocol(model),
        key=chosen.key,
        display_name=options.display_name or name,
        description=options.description,
        env=(*parse_env(options.env), *read_env_file(options.env_file)),
        args=options.args,
        expose=options.expose,
        # A token that nobody asks for would be a promise that is not kept.
        auth=options.auth or bool(options.tokens),
        tokens=options.tokens,
        pin=options.pin,
        strategy=Strategy.RECREATE if options.strategy == "recreate" else Strategy.ROLLING_UPDATE,
        shm_size=options.shm_size or DeploymentSpec.shm_size,
        hardware_profile=chosen.profile,
        node_selector=parse_pairs(options.node_selector, "--node-selector"),
        tolerations=tuple(parse_toleration(text) for text in options.tolerations),
        run_as_user=options.run_as_user,
        timeout=options.route_timeout,
    )


def deployment_name(options: DeployOptions, model: Model, namespace: str) -> str:
    """Give the name that was typed, or one made from the model's.

    Raises:
        InvalidNameError: It breaks a rule; the rule is said.

    """
    name = options.name or propose_name(model.name, namespace)
    check_deployment_name(name, namespace)
    return name


def parse_storage(options: DeployOptions, model: Model) -> NewClaim | ExistingClaim:
    """Read `--storage`: the size of a new claim, or `pvc:NAME[/FOLDER]`."""
    text = options.storage or ""
    if not text.startswith(_CLAIM):
        return NewClaim(
            size=text or default_claim_size(model),
            storage_class=options.storage_class,
            access_mode=options.access_mode or NewClaim.access_mode,
        )
    if options.storage_class or options.access_mode:
        raise InputError(
            f"--storage {printable(text)} is a claim that is there: it has a class and an access "
            "mode already.",
            remedy="Leave --storage-class and --access-mode out.",
        )
    name, _, folder = text.removeprefix(_CLAIM).partition("/")
    return ExistingClaim(name, folder or None)


def parse_env(texts: Iterable[str]) -> tuple[EnvVar, ...]:
    """Read `NAME=VALUE`; a value is never repeated in a message."""
    return tuple(
        EnvVar(name, value) for name, value in _pairs(texts, "--env", "NAME=VALUE") if name
    )


def parse_pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Read `LABEL=VALUE`."""
    return dict(_pairs(texts, option, "LABEL=VALUE"))


def _pairs(texts: Iterable[str], option: str, wanted: str) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name:
            raise InputError(f"{option} {printable(name, 60)!r} has no value: write {wanted}.")
        yield name, value


def read_env_file(path: str | None) -> tuple[EnvVar, ...]:
    """Read a YAML list of variables, as a container's `env` has it.

    Raises:
        InputError: It cannot be read, or holds something else.

    """
    if path is None:
        return ()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputError(f"--env-file {path} cannot be read: {reason}.") from None
    items = load_yaml(text)
    if not isinstance(items, list):
        raise InputError(f"--env-file {path} holds no list of variables.")
    return tuple(_variable(item, path) for item in items)


def _variable(item: object, path: str) -> EnvVar:
    fields: Mapping[Any, Any] = item if isinstance(item, dict) else {}
    name, value, reference = (fields.get(field) for field in ("name", "value", "valueFrom"))
    if not isinstance(name, str) or not set(fields) <= {"name", "value", "valueFrom"}:
        raise InputError(
            f"--env-file {path} has an item that is no variable.",
            remedy="Write `- name: NAME` with `value:` or `valueFrom:`, as in a pod.",
        )
    if reference is not None and (value is not None or not isinstance(reference, dict)):
        raise InputError(f"{printable(name)} in --env-file {path} has no usable valueFrom.")
    if value is not None and not isinstance(value, str):
        raise InputError(f"The value of {printable(name)} in --env-file {path} needs quotes.")
    return EnvVar(name, value if reference is not None or value is not None else "", reference)


def parse_toleration(text: str) -> dict[str, Any]:
    """Read `KEY[=VALUE][:EFFECT]`, as kubectl writes a taint.

    Raises:
        InputError: It is none.

    """
    match = _TOLERATION.fullmatch(text)
    if match is None or match[3] not in (None, *_EFFECTS):
        raise InputError(
            f"--toleration {printable(text, 60)!r} is no taint.",
            remedy=f"Write KEY[=VALUE][:EFFECT]; effects are {', '.join(_EFFECTS)}.",
        )
    key, value, effect = match.groups()
    toleration: dict[str, Any] = {"key": key, "operator": "Exists" if value is None else "Equal"}
    if value is not None:
        toleration["value"] = value
    if effect is not None:
        toleration["effect"] = effect
    return toleration


def check_request_id(text: str) -> str:
    """Check the id of a request that is to be finished.

    Raises:
        InputError: It is none.

    """
    if not _REQUEST_ID.fullmatch(text):
        raise InputError(
            f"{printable(text, 60)!r} is no request id.",
            remedy="`odh-nim deployments list` names those of unfinished deployments.",
        )
    return text


def _resources(options: DeployOptions, model: Model) -> Resources:
    return Resources(
        cpu=options.cpu or Resources.cpu,
        memory=options.memory or Resources.memory,
        gpus=default_gpus(model) if options.gpus is None else options.gpus,
    )
