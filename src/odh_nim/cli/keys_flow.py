"""What `odh-nim keys set` does, in order: rights, key, what is there, NVIDIA, both Secrets."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import Configured, find_configuration
from odh_nim.cli.key_input import can_prompt, read_key
from odh_nim.cli.output import note, print_data, print_findings, warn
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_name import check_deployment_name, check_namespace
from odh_nim.domain.errors import ConfigurationError
from odh_nim.keys import (
    Change,
    KeyCheck,
    KeySecretsState,
    KeyState,
    PairKind,
    StoredKey,
    check_rights,
    read_key_state,
    store_project_key,
)
from odh_nim.keys import check_key as ask_nvidia
from odh_nim.keys.check import NOT_CHECKED

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_WORDS = {
    Change.CREATED: "stored",
    Change.REPLACED: "replaced",
    Change.REPAIRED: "repaired: both Secrets hold it now",
    Change.UNCHANGED: "unchanged: the same key is stored already",
}


@dataclass(frozen=True)
class SetKey:
    """What a person asks for."""

    deployment: str | None
    key_file: str | None
    replace: bool
    skip_check: bool
    expires: dt.date | None
    output: str


async def set_key(target: Target, request: SetKey, applications_namespace: str | None) -> None:
    """Store a key; whatever stands in the way is said before the key is asked for."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        configured = await find_configuration(client, applications_namespace)
        _refuse_early(namespace, configured, request)
        await check_rights(client, namespace)
        state = await read_key_state(client, namespace, request.deployment)
        state.refuse_foreign()
        request = confirm_replace(state, request)
        key = read_key(request.key_file, owner=owner(namespace, request.deployment))
        check = await check_or_not(key, configured, skip=request.skip_check)
        stored = await _store(client, key, namespace, request, check)
    _print(stored, check, request)


def owner(namespace: str, deployment: str | None) -> str:
    """Name whose key it is."""
    return f"deployment {deployment} in {namespace}" if deployment else f"project {namespace}"


async def check_or_not(key: ApiKey, configured: Configured, *, skip: bool) -> KeyCheck:
    """Ask NVIDIA, unless the configuration or the person does not want it.

    Raises:
        KeyRefusedError: NVIDIA refused it.
        NgcUnavailableError: NVIDIA could not be asked.

    """
    if not configured.config.may_ask_nvidia:
        print_findings(NOT_CHECKED.notices)
        return NOT_CHECKED
    if skip:
        warn("NVIDIA was not asked whether the key is good: --skip-check.")
        return KeyCheck(KeyState.NOT_CHECKED)
    async with wiring.nvidia() as nvidia:
        check = await ask_nvidia(nvidia.ngc, key)
    check.require()
    print_findings(check.notices)
    return check


def refuse_without_keys(configured: Configured) -> None:
    """Stop where the cluster collects no keys.

    Raises:
        ConfigurationError: disableKeyCollection is set.

    """
    if not configured.config.collect_keys:
        raise ConfigurationError(
            f"This cluster collects no keys: disableKeyCollection is set in "
            f"{configured.config.source}. Nothing was asked and nothing stored.",
            remedy="Images come from a mirror or with the nodes' credentials; just deploy.",
        )


def confirm_replace(state: KeySecretsState, request: SetKey) -> SetKey:
    """Ask a person at the terminal before the key is typed, not after."""
    asks = request.key_file is None and can_prompt() and not request.replace
    if state.kind is PairKind.ABSENT or not asks:
        return request
    since = f", stored {state.since}" if state.since else ""
    whose = owner(state.namespace, request.deployment).capitalize()
    click.confirm(f"{whose} has a key already{since}. Replace it?", abort=True, err=True)
    return replace(request, replace=True)


def _refuse_early(namespace: str, configured: Configured, request: SetKey) -> None:
    check_namespace(namespace, applications_namespace=configured.applications_namespace)
    if request.deployment is not None:
        check_deployment_name(request.deployment, namespace)
    refuse_without_keys(configured)
    if request.expires and request.expires < dt.datetime.now(dt.UTC).date():
        warn(f"--expires {request.expires} is in the past.")


async def _store(
    client: "Client", key: ApiKey, namespace: str, request: SetKey, check: KeyCheck
) -> StoredKey:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return await store_project_key(
        client,
        key,
        namespace=namespace,
        deployment=request.deployment,
        replace=request.replace,
        checked_at=now if check.state is KeyState.VALID else None,
        expires=request.expires.isoformat() if request.expires else None,
    )


def _print(stored: StoredKey, check: KeyCheck, request: SetKey) -> None:
    if request.output != "table":
        print_data(_as_data(stored, check, request), request.output)
        return
    whose = owner(stored.namespace, request.deployment)
    secrets = f"Secret/{stored.key_secret}, Secret/{stored.pull_secret}"
    click.echo(f"Key of {whose} {_WORDS[stored.change]} ({secrets}).")
    if stored.change is Change.REPLACED:
        note("Running pods keep the old key until they start again.")
    if stored.change is Change.CREATED and request.deployment is None:
        note(f"Next: odh-nim deploy MODEL -n {stored.namespace}")


def _as_data(stored: StoredKey, check: KeyCheck, request: SetKey) -> dict[str, Any]:
    return {
        "project": stored.namespace,
        "deployment": request.deployment,
        "change": stored.change.value,
        "check": check.state.value,
        "secrets": [stored.key_secret, stored.pull_secret],
        "revision": stored.revision,
    }
