"""What `odh-nim keys check` does: reads, asks, prints; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

from odh_nim.catalog import find_installation, find_model, find_tag
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import Configured, find_configuration, namespace_setting
from odh_nim.cli.key_input import read_key
from odh_nim.cli.keys_flow import owner, refuse_without_keys
from odh_nim.cli.output import print_data, print_facts, print_findings
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    InputError,
    KeyMissingError,
    LegacyKeyError,
    OdhNimError,
    SecretConflictError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference, ModelReference
from odh_nim.keys import (
    CheckedKey,
    KeySecretsState,
    KeyState,
    PairKind,
    StoredPair,
    check_key_for_images,
    read_stored_key,
)
from odh_nim.keys.check import NOT_CHECKED

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_REFUSED: Final = 7


@dataclass(frozen=True)
class CheckKey:
    """What a person asks for."""

    deployment: str | None
    key_file: str | None
    models: tuple[str, ...]
    images: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Report:
    """All that is known about a key: `answer` is one word, `error` why it is not valid."""

    whose: str
    answer: str
    stored: KeySecretsState | None = None
    findings: tuple[Finding, ...] = ()
    images: tuple[str, ...] = ()
    error: OdhNimError | None = None

    @property
    def exit_code(self) -> int:
        """0 for a key that can be used; else the code of what is wrong."""
        if self.error is not None:
            return self.error.exit_code
        blocked = any(finding.severity is Severity.ERROR for finding in self.findings)
        return _REFUSED if blocked else 0


async def check_key(target: Target, request: CheckKey, applications_namespace: str | None) -> int:
    """Check the stored key, or the given one, and the images it shall pull."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        configured = await find_configuration(client, applications_namespace)
        refuse_without_keys(configured)
        images = await _images(client, request, applications_namespace)
        if request.key_file is not None:
            key = read_key(request.key_file, owner=owner(namespace, request.deployment))
            report = await _asked(Report("the given key", ""), key, images, configured)
        else:
            stored = await read_stored_key(client, namespace, request.deployment)
            report = await _about_stored(stored, images, configured, request.deployment)
    _print(report, request.output)
    return report.exit_code


async def _images(
    client: "Client", request: CheckKey, applications_namespace: str | None
) -> list[ImageReference]:
    images = [ImageReference.parse(text) for text in request.images]
    references = [ModelReference.parse(text) for text in request.models]
    if not references:
        return images
    setting = namespace_setting(applications_namespace)
    catalog = (await find_installation(client, setting=setting)).catalog
    for reference in references:
        model = find_model(catalog, reference)
        tag = find_tag(model, reference.tag) if reference.tag else model.preselected_tag
        if tag is None:
            raise InputError(f"{model.name} has no tag to check.")
        images.append(model.image(tag))
    return images


async def _about_stored(
    stored: StoredPair,
    images: Sequence[ImageReference],
    configured: Configured,
    deployment: str | None,
) -> Report:
    whose = owner(stored.state.namespace, deployment)
    base = Report(whose, stored.state.kind.value, stored.state)
    if stored.key is not None:
        return await _asked(base, stored.key, images, configured)
    if stored.flaw is not None:
        answer = "legacy" if isinstance(stored.flaw, LegacyKeyError) else "invalid"
        return Report(whose, answer, stored.state, error=stored.flaw)
    return replace(base, error=_not_usable(stored.state, whose, deployment))


def _not_usable(state: KeySecretsState, whose: str, deployment: str | None) -> OdhNimError:
    command = f"odh-nim keys set -n {state.namespace}"
    command += f" --deployment {deployment}" if deployment else ""
    if state.kind is PairKind.ABSENT:
        return KeyMissingError(f"No key is stored for {whose}.", remedy=f"Set it: {command}")
    try:
        state.refuse_foreign()
    except SecretConflictError as error:
        return error
    why = {
        PairKind.INCOMPLETE: "one of its two Secrets is missing",
        PairKind.DIFFERING: "its two Secrets do not hold the same key",
    }[state.kind]
    return SecretConflictError(
        f"The key of {whose} cannot be used: {why}.", remedy=f"Set it again: {command} --replace"
    )


async def _asked(
    base: Report, key: ApiKey, images: Sequence[ImageReference], configured: Configured
) -> Report:
    if configured.config.may_ask_nvidia:
        async with wiring.nvidia() as nvidia:
            checked = await check_key_for_images(nvidia.ngc, nvidia.registry, key, images)
    else:
        checked = CheckedKey(NOT_CHECKED)
    if checked.key.state in (KeyState.REFUSED, KeyState.NOT_CHECKED):
        # Then the registry was not asked.
        images = ()
    return Report(
        base.whose,
        checked.key.state.value,
        base.stored,
        findings=(*checked.key.notices, *checked.pulls),
        images=tuple(dict.fromkeys(str(image) for image in images)),
        error=checked.key.error,
    )


def _print(report: Report, output: str) -> None:
    if output != "table":
        print_data(_as_data(report), output)
    else:
        stored = report.stored
        blocked = {finding.subject: finding.code for finding in report.findings}
        print_facts(
            {
                "Key of": report.whose,
                "State": report.answer,
                "Secrets": f"{stored.key_secret}, {stored.pull_secret}" if stored else "",
                "Since": (stored and stored.since) or "",
                "Checked": (stored and stored.checked_at) or "",
                "Expires": (stored and stored.expires) or "",
            }
        )
        for image in report.images:
            if image not in blocked:
                click.echo(f"It may pull {image}.")
    print_findings(report.findings)
    if report.error is not None:
        click.echo(f"Error: {report.error}", err=True)


def _as_data(report: Report) -> dict[str, Any]:
    stored = report.stored
    flaws = {finding.subject: finding.code for finding in report.findings}
    return {
        "keyOf": report.whose,
        "state": report.answer,
        "secrets": [stored.key_secret, stored.pull_secret] if stored else [],
        "since": stored.since if stored else None,
        "checkedAt": stored.checked_at if stored else None,
        "expires": stored.expires if stored else None,
        "images": {image: flaws.get(image, "allowed") for image in report.images},
        "message": str(report.error) if report.error else None,
    }
