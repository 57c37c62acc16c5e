"""Which key a deployment uses: none, its own, the project's, or one that a person gives now."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from odh_nim.cli import wiring
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.cli.key_input import can_prompt, read_key
from odh_nim.cli.output import note
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import (
    ConfigurationError,
    ForbiddenError,
    InputError,
    SecretConflictError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference
from odh_nim.domain.model import Model
from odh_nim.domain.names import key_secret
from odh_nim.domain.nim_config import NimConfig
from odh_nim.keys import (
    KeyState,
    PairKind,
    StoredPair,
    absent_pair,
    check_key_for_images,
    check_rights,
    get_secret,
    read_stored_key,
)
from odh_nim.keys.check import NOT_CHECKED

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_NO_CHOICE: Final = "--key-file, --own-key and --no-key do not go together."


@dataclass(frozen=True)
class KeyUse:
    """The choice, and the key to ask NVIDIA about; `is_new` says that the plan stores it."""

    choice: KeyChoice
    key: ApiKey | None = None
    is_new: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What NVIDIA said, and when."""

    findings: tuple[Finding, ...] = ()
    checked_at: str | None = None


@dataclass(frozen=True)
class KeyPlace:
    """Where a key would be used, and whether a person can be asked for one."""

    namespace: str
    name: str
    may_prompt: bool


@dataclass(frozen=True)
class FoundKeys:
    """What is stored; all empty where the deployment needs no key."""

    own: StoredPair | None = None
    project: StoredPair | None = None
    forbidden: ForbiddenError | None = None


NO_KEYS: Final = FoundKeys()


def needs_key(options: DeployOptions, model: Model, config: NimConfig) -> bool:
    """Say whether a deployment refers to a key at all.

    Raises:
        InputError: The options contradict each other, or the cluster's configuration.

    """
    gives = options.key_file is not None or options.own_key
    if options.no_key and gives:
        raise InputError(_NO_CHOICE)
    if not config.collect_keys and gives:
        raise ConfigurationError(
            f"This cluster collects no keys: disableKeyCollection is set in {config.source}.",
            remedy="Leave --key-file and --own-key out.",
        )
    return config.collect_keys and model.key_required and not options.no_key


async def find_keys(client: "Client", namespace: str, name: str) -> FoundKeys:
    """Read what is stored for a deployment and for its project, all at once."""
    try:
        own_secret, project = await asyncio.gather(
            get_secret(client, key_secret(name), namespace), read_stored_key(client, namespace)
        )
        # Few deployments have a key of their own: the second Secret is read where there is one.
        own = (
            absent_pair(namespace, name)
            if own_secret is None
            else await read_stored_key(client, namespace, name)
        )
    except ForbiddenError as error:
        return FoundKeys(forbidden=error)
    return FoundKeys(own, project)


async def choose_key(
    client: "Client", options: DeployOptions, place: KeyPlace, found: FoundKeys
) -> KeyUse:
    """Decide whose key is used; a person at the terminal may be asked.

    Raises:
        SecretConflictError: The given key is not the one that is stored.
        InvalidKeyError: What was given is no key.

    """
    if found.own is None or found.project is None:
        if found.forbidden is None:
            return KeyUse(KeyChoice.NONE)
        error = found.forbidden
        return _cannot_use(error.message, "key-forbidden", error.remedy)
    for stored, choice in ((found.own, KeyChoice.OWN), (found.project, KeyChoice.PROJECT)):
        if stored.is_of(options.request_id):
            return await _go_on(client, stored, choice, options, place)
    if options.own_key or found.own.state.usable:
        return await _with_own(client, found.own, options, place)
    if options.key_file is not None:
        return await _with_given(client, found.project, options, place)
    return await _with_project(client, found.project, options, place)


async def ask_about(
    use: KeyUse, image: ImageReference, options: DeployOptions, config: NimConfig
) -> Asked:
    """Ask NVIDIA about the key and this very image.

    Raises:
        KeyRefusedError: A new key is refused; it is not stored.
        NgcUnavailableError: NVIDIA could not be asked about a new key.

    """
    if use.key is None or (options.skip_pull_check and not use.is_new):
        return Asked()
    if not config.may_ask_nvidia:
        return Asked(NOT_CHECKED.notices)
    images = [] if options.skip_pull_check else [image]
    async with wiring.nvidia() as nvidia:
        checked = await check_key_for_images(nvidia.ngc, nvidia.registry, use.key, images)
    if use.is_new:
        checked.key.require()
    findings = [*checked.key.notices, *checked.pulls]
    if (error := checked.key.error) is not None:
        refused = checked.key.state is KeyState.REFUSED
        severity = Severity.ERROR if refused else Severity.WARNING
        code = f"key-{checked.key.state}"
        findings.append(Finding(severity, code, "key", error.message, error.remedy))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Asked(tuple(findings), now if use.is_new else None)


async def _go_on(
    client: "Client", stored: StoredPair, choice: KeyChoice, options: DeployOptions, place: KeyPlace
) -> KeyUse:
    """Store what an interrupted run of the same request began to store, and own it all the same."""
    if options.key_file is None and stored.key is not None:
        return KeyUse(choice, stored.key, is_new=True)
    if options.key_file is None and not place.may_prompt:
        return _cannot_use(
            f"The interrupted run has stored only a part of the key in {place.namespace}.",
            "key-missing",
            "Give the same key again: --key-file FILE (- is standard input).",
        )
    own = choice is KeyChoice.OWN
    return KeyUse(choice, await _read(client, options, place, own=own), is_new=True)


async def _with_own(
    client: "Client", own: StoredPair, options: DeployOptions, place: KeyPlace
) -> KeyUse:
    if own.state.usable and options.key_file is None:
        if own.flaw is not None:
            return _cannot_use(own.flaw.message, "key-unusable", own.flaw.remedy)
        return KeyUse(KeyChoice.OWN, own.key)
    if own.state.kind is not PairKind.ABSENT:
        return _given_or_conflict(
            own, await _read(client, options, place, own=True), KeyChoice.OWN, place
        )
    if options.key_file is None and not place.may_prompt:
        return _cannot_use(
            f"Deployment {place.name} shall have its own key, but none is given.",
            "key-missing",
            "Add --key-file FILE (- is standard input).",
        )
    return KeyUse(KeyChoice.OWN, await _read(client, options, place, own=True), is_new=True)


async def _with_given(
    client: "Client", project: StoredPair, options: DeployOptions, place: KeyPlace
) -> KeyUse:
    project.state.refuse_foreign()
    key = await _read(client, options, place, own=False)
    if project.state.kind is PairKind.ABSENT:
        return KeyUse(KeyChoice.PROJECT, key, is_new=True)
    return _given_or_conflict(project, key, KeyChoice.PROJECT, place)


def _given_or_conflict(
    stored: StoredPair, key: ApiKey, choice: KeyChoice, place: KeyPlace
) -> KeyUse:
    if stored.key == key:
        return KeyUse(choice, key)
    own = choice is KeyChoice.OWN
    suffix = f" --deployment {place.name}" if own else ""
    raise SecretConflictError(
        f"Secret/{stored.state.key_secret} in {place.namespace} does not hold the given key; it "
        "is not changed by a deployment.",
        remedy=f"Replace it with `odh-nim keys set -n {place.namespace}{suffix} --replace`"
        + ("." if own else ", or give this deployment a key of its own with --own-key."),
    )


async def _with_project(
    client: "Client", project: StoredPair, options: DeployOptions, place: KeyPlace
) -> KeyUse:
    state = project.state
    command = f"odh-nim keys set -n {place.namespace}"
    if project.key is not None:
        return KeyUse(KeyChoice.PROJECT, project.key)
    if project.flaw is not None:
        return _cannot_use(project.flaw.message, "key-unusable", project.flaw.remedy)
    if state.kind in (PairKind.INCOMPLETE, PairKind.DIFFERING):
        what = "is incomplete" if state.kind is PairKind.INCOMPLETE else "differs between them"
        return _cannot_use(
            f"The key in Secret/{state.key_secret} and Secret/{state.pull_secret} {what}.",
            "key-unusable",
            f"Set it again: {command} --replace",
        )
    foreign = "; ".join(str(secret) for secret in state.foreign)
    if place.may_prompt:
        return await _asked_for(client, foreign, options, place)
    if foreign:
        return _cannot_use(
            f"Project {place.namespace} has no key of odh-nim's: {foreign}.",
            "key-foreign",
            "Give this deployment its own key: --own-key --key-file FILE",
        )
    return _cannot_use(
        f"Project {place.namespace} has no key.",
        "key-missing",
        f"Set it for all deployments: {command}; or for this one: --own-key --key-file FILE",
    )


async def _asked_for(
    client: "Client", foreign: str, options: DeployOptions, place: KeyPlace
) -> KeyUse:
    """Offer both homes of a key; beside a foreign Secret only the deployment's own is left."""
    own = bool(foreign)
    if foreign:
        note(f"Project {place.namespace} has no key of odh-nim's: {foreign}.")
        note(f"Deployment {place.name} can have a key of its own.")
    else:
        note(f"Project {place.namespace} has no key yet.")
        answer = click.prompt(
            "Store one for the whole project, or for this deployment only?",
            type=click.Choice(["project", "deployment"]),
            default="project",
            err=True,
        )
        own = answer == "deployment"
    key = await _read(client, options, place, own=own)
    return KeyUse(KeyChoice.OWN if own else KeyChoice.PROJECT, key, is_new=True)


async def _read(client: "Client", options: DeployOptions, place: KeyPlace, *, own: bool) -> ApiKey:
    """Make sure that the key could be stored, then read it."""
    await check_rights(client, place.namespace)
    owner = f"deployment {place.name}" if own else f"project {place.namespace}"
    return read_key(options.key_file, owner=owner)


def _cannot_use(message: str, code: str, remedy: str) -> KeyUse:
    finding = Finding(Severity.ERROR, code, "key", message, remedy)
    return KeyUse(KeyChoice.PROJECT, findings=(finding,))


def may_prompt(options: DeployOptions, *, plan_has_errors: bool) -> bool:
    """Ask a person only where the answer would be used."""
    return options.dry_run is None and not plan_has_errors and can_prompt()
