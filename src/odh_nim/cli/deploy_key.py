"""Which key a deployment gets on the command line: what is stored, given, or asked for."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.cli.key_input import can_prompt, read_key
from odh_nim.cli.output import note
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import ConfigurationError, ForbiddenError, InputError
from odh_nim.domain.model import Model
from odh_nim.domain.names import key_secret
from odh_nim.domain.nim_config import NimConfig
from odh_nim.journeys.key_use import KeyUse, KeyWish, Remedies, unreadable, use_stored
from odh_nim.keys import (
    PairKind,
    StoredPair,
    absent_pair,
    check_rights,
    get_secret,
    read_stored_key,
)

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_NO_CHOICE: Final = "--key-file, --own-key and --no-key do not go together."
_GIVE_AGAIN: Final = "Give the same key again: --key-file FILE (- is standard input)."


@dataclass(frozen=True)
class KeyPlace:
    """Where a key would be used, and whether a person can be asked for one."""

    namespace: str
    name: str
    may_prompt: bool


@dataclass(frozen=True)
class FoundKeys:
    """What is stored for the deployment alone, and for its project."""

    own: StoredPair
    project: StoredPair


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


async def find_keys(client: "Client", namespace: str, name: str) -> FoundKeys | ForbiddenError:
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
        return error
    return FoundKeys(own, project)


async def choose_key(
    client: "Client",
    options: DeployOptions,
    place: KeyPlace,
    found: FoundKeys | ForbiddenError | None,
) -> KeyUse:
    """Decide whose key is used; a person at the terminal may be asked.

    Raises:
        SecretConflictError: The given key is not the one that is stored.
        InvalidKeyError: What was given is no key.

    """
    if found is None:
        return KeyUse(KeyChoice.NONE)
    if isinstance(found, ForbiddenError):
        return unreadable(KeyChoice.PROJECT, found)
    choice = _whose(options, found)
    stored = found.own if choice is KeyChoice.OWN else found.project
    given = None
    if options.key_file is not None:
        if choice is KeyChoice.PROJECT:
            stored.state.refuse_foreign()
        given = await _read(client, options, place, choice)
    elif place.may_prompt and _is_wanted(stored, options):
        if choice is KeyChoice.PROJECT and not stored.is_of(options.request_id):
            choice = _ask_whose(stored, place)
            stored = found.own if choice is KeyChoice.OWN else found.project
        given = await _read(client, options, place, choice)
    wish = KeyWish(choice, given)
    remedies = _remedies(choice, place)
    return use_stored(stored, wish, request_id=options.request_id, remedies=remedies)


def may_prompt(options: DeployOptions, *, plan_has_errors: bool) -> bool:
    """Ask a person only where the answer would be used."""
    return options.dry_run is None and not plan_has_errors and can_prompt()


def _whose(options: DeployOptions, found: FoundKeys) -> KeyChoice:
    """Go on with what an interrupted run began; else an own key where one is asked for or there."""
    if found.own.is_of(options.request_id):
        return KeyChoice.OWN
    if found.project.is_of(options.request_id):
        return KeyChoice.PROJECT
    own = options.own_key or found.own.state.usable
    return KeyChoice.OWN if own else KeyChoice.PROJECT


def _is_wanted(stored: StoredPair, options: DeployOptions) -> bool:
    """Say whether a key that a person types would be of use."""
    if stored.key is not None:
        return False
    kinds = (PairKind.ABSENT, PairKind.FOREIGN)
    return stored.state.kind in kinds or stored.is_of(options.request_id)


def _ask_whose(project: StoredPair, place: KeyPlace) -> KeyChoice:
    """Offer both homes of a key; beside a foreign Secret only the deployment's own is left."""
    if project.state.foreign:
        foreign = "; ".join(str(secret) for secret in project.state.foreign)
        note(f"Project {place.namespace} has no key of odh-nim's: {foreign}.")
        note(f"Deployment {place.name} can have a key of its own.")
        return KeyChoice.OWN
    note(f"Project {place.namespace} has no key yet.")
    answer = click.prompt(
        "Store one for the whole project, or for this deployment only?",
        type=click.Choice(["project", "deployment"]),
        default="project",
        err=True,
    )
    return KeyChoice.OWN if answer == "deployment" else KeyChoice.PROJECT


async def _read(
    client: "Client", options: DeployOptions, place: KeyPlace, choice: KeyChoice
) -> ApiKey:
    """Make sure that the key could be stored, then read it."""
    await check_rights(client, place.namespace)
    own = choice is KeyChoice.OWN
    owner = f"deployment {place.name}" if own else f"project {place.namespace}"
    return read_key(options.key_file, owner=owner)


def _remedies(choice: KeyChoice, place: KeyPlace) -> Remedies:
    command = f"odh-nim keys set -n {place.namespace}"
    if choice is KeyChoice.OWN:
        command += f" --deployment {place.name}"
        return Remedies(
            missing="Add --key-file FILE (- is standard input).",
            foreign="Choose another name with --name.",
            unusable=f"Set it again: {command} --replace",
            interrupted=_GIVE_AGAIN,
            conflict=f"Replace it with `{command} --replace`.",
        )
    return Remedies(
        missing=f"Set it for all deployments: {command}; or for this one: "
        "--own-key --key-file FILE",
        foreign="Give this deployment its own key: --own-key --key-file FILE",
        unusable=f"Set it again: {command} --replace",
        interrupted=_GIVE_AGAIN,
        conflict=f"Replace it with `{command} --replace`, or give this deployment a key of its "
        "own with --own-key.",
    )
