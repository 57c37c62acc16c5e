"""From a request on the wire to what the journeys understand."""

from typing import Any

from odh_nim.deployment import default_claim_size
from odh_nim.domain.api_key import PastedKey, clean_key
from odh_nim.domain.deployment_name import propose_name
from odh_nim.domain.deployment_spec import (
    DeploymentSpec,
    EnvVar,
    ExistingClaim,
    KeyChoice,
    NewClaim,
    Resources,
    Strategy,
)
from odh_nim.domain.image import ImageReference
from odh_nim.domain.model import Model
from odh_nim.journeys.choice import Chosen, Wish, default_gpus, default_protocol
from odh_nim.journeys.key_use import KeyWish
from odh_nim.web.schemas import SecretText
from odh_nim.web.schemas_deploy import (
    DeployIn,
    EnvIn,
    ExistingStorageIn,
    NewStorageIn,
    TolerationIn,
    ValueFromIn,
)


def wish_of(wanted: DeployIn, project: str) -> Wish:
    """Read what a person asks for.

    Raises:
        InputError: The other image is no image reference.

    """
    profile = wanted.hardware_profile
    named = None
    if profile is not None:
        named = f"{profile.project}/{profile.name}" if profile.project else profile.name
    return Wish(
        namespace=project,
        build=lambda chosen: _spec(wanted, chosen),
        key=wanted.model,
        tag=wanted.tag,
        image=ImageReference.parse(wanted.other_image) if wanted.other_image else None,
        profile=named,
        request_id=wanted.request_id,
        automatic_strategy=wanted.strategy == "auto",
        ingress_host=wanted.ingress_host,
        ingress_class=wanted.ingress_class,
    )


def key_wish_of(wanted: DeployIn) -> KeyWish:
    """Read whose key is wanted.

    Raises:
        InvalidKeyError: What was given is no key. The message never repeats it.

    """
    given = clean(wanted.own_key).key if wanted.own_key is not None else None
    return KeyWish(KeyChoice(wanted.key), given)


def clean(text: SecretText) -> PastedKey:
    """Clean a key and check its grammar.

    Raises:
        InvalidKeyError: It is no key. The message never repeats it.

    """
    return clean_key(text.get_secret_value())


def _spec(wanted: DeployIn, chosen: Chosen) -> DeploymentSpec:
    model = chosen.model
    name = wanted.name or propose_name(model.name, chosen.namespace)
    return DeploymentSpec(
        name=name,
        namespace=chosen.namespace,
        model=model,
        tag=chosen.tag,
        storage=_storage(wanted.storage, model),
        resources=Resources(
            cpu=wanted.cpu or Resources.cpu,
            memory=wanted.memory or Resources.memory,
            gpus=default_gpus(model) if wanted.gpus is None else wanted.gpus,
        ),
        replicas=wanted.replicas,
        protocol=wanted.protocol or default_protocol(model),
        key=chosen.key,
        display_name=wanted.display_name or name,
        description=wanted.description,
        env=tuple(variable_of(one) for one in wanted.env),
        args=wanted.args,
        expose=wanted.expose,
        auth=wanted.auth or bool(wanted.tokens),
        tokens=wanted.tokens,
        pin=wanted.pin,
        strategy=_strategy(wanted),
        shm_size=wanted.shm_size or DeploymentSpec.shm_size,
        hardware_profile=chosen.profile,
        node_selector=dict(wanted.node_selector),
        tolerations=tuple(_toleration(one) for one in wanted.tolerations),
        run_as_user=wanted.run_as_user,
        timeout=wanted.route_timeout,
    )


def _strategy(wanted: DeployIn) -> Strategy:
    return Strategy.ROLLING_UPDATE if wanted.strategy == "auto" else Strategy(wanted.strategy)


def _storage(wanted: NewStorageIn | ExistingStorageIn, model: Model) -> NewClaim | ExistingClaim:
    if isinstance(wanted, ExistingStorageIn):
        return ExistingClaim(wanted.claim, wanted.sub_path or None)
    return NewClaim(
        size=wanted.size or default_claim_size(model),
        storage_class=wanted.storage_class,
        access_mode=wanted.access_mode,
    )


def variable_of(wanted: EnvIn) -> EnvVar:
    """Read a variable: a value, or a reference that is kept as it stands."""
    if wanted.value_from is not None:
        return EnvVar(wanted.name, None, _reference(wanted.value_from))
    return EnvVar(wanted.name, wanted.value or "")


def _reference(wanted: ValueFromIn) -> dict[str, Any]:
    return wanted.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)


def _toleration(wanted: TolerationIn) -> dict[str, Any]:
    return wanted.model_dump(by_alias=True, exclude_none=True)
