"""Which key a deployment uses, and what NVIDIA says about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import (
    ConfigurationError,
    ForbiddenError,
    SecretConflictError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference
from odh_nim.domain.model import Model
from odh_nim.domain.nim_config import NimConfig
from odh_nim.keys import (
    CheckedKey,
    KeyState,
    PairKind,
    StoredPair,
    check_key_for_images,
    read_stored_key,
)
from odh_nim.keys.check import NOT_CHECKED, KeyChecker, PullChecker
from odh_nim.keys.read import SecretReader


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
class Nvidia:
    """NVIDIA's API and its registry."""

    ngc: KeyChecker
    registry: PullChecker


@dataclass(frozen=True)
class KeyWish:
    """Whose key is wanted, and one that is given."""

    choice: KeyChoice
    given: ApiKey | None = None


def key_choice(wish: KeyWish, model: Model, config: NimConfig) -> KeyChoice:
    """Say whose key a deployment refers to, if any.

    Raises:
        ConfigurationError: A key is given where the cluster collects none.

    """
    if not config.collect_keys and wish.given is not None:
        raise ConfigurationError(
            f"This cluster collects no keys: disableKeyCollection is set in {config.source}.",
            remedy="Deploy without a key.",
        )
    if not config.collect_keys or not model.key_required:
        return KeyChoice.NONE
    return wish.choice


@dataclass(frozen=True)
class Remedies:
    """What to do about a key that cannot be used, in the words of whoever asks."""

    missing: str = "Set one for the whole project, or give this deployment its own."
    foreign: str = "Give this deployment a key of its own."
    unusable: str = "Set it again."
    interrupted: str = "Give the same key again."
    conflict: str = (
        "Use the key that is stored, replace it on the project's key page, or choose another name."
    )


async def find_key(
    cluster: SecretReader,
    wish: KeyWish,
    *,
    namespace: str,
    deployment: str,
    request_id: str | None = None,
) -> KeyUse:
    """Read what is stored, and find the key that is wanted; what is missing is a finding.

    Raises:
        SecretConflictError: The given key is not the one that is stored.

    """
    if wish.choice is KeyChoice.NONE:
        return KeyUse(KeyChoice.NONE)
    own = wish.choice is KeyChoice.OWN
    try:
        stored = await read_stored_key(cluster, namespace, deployment if own else None)
    except ForbiddenError as error:
        return unreadable(wish.choice, error)
    return use_stored(stored, wish, request_id=request_id)


def unreadable(choice: KeyChoice, error: ForbiddenError) -> KeyUse:
    """Say that the caller may not read what is stored."""
    return _unusable(choice, error.message, "key-forbidden", error.remedy)


def use_stored(
    stored: StoredPair,
    wish: KeyWish,
    *,
    request_id: str | None = None,
    remedies: Remedies = Remedies(),
) -> KeyUse:
    """Hold what is wanted against what is stored.

    What an interrupted run of the same request began to store is stored to its end.

    Raises:
        SecretConflictError: The given key is not the one that is stored.

    """
    if stored.is_of(request_id):
        key = wish.given or stored.key
        if key is not None:
            return KeyUse(wish.choice, key, is_new=True)
        return _unusable(
            wish.choice,
            f"The interrupted run has stored only a part of the key in {stored.state.namespace}.",
            "key-missing",
            remedies.interrupted,
        )
    if wish.given is not None:
        return _given(stored, wish.choice, wish.given, remedies)
    if stored.key is not None:
        return KeyUse(wish.choice, stored.key)
    return _nothing_stored(stored, wish.choice, remedies)


def _given(stored: StoredPair, choice: KeyChoice, key: ApiKey, remedies: Remedies) -> KeyUse:
    if stored.state.kind is PairKind.ABSENT:
        return KeyUse(choice, key, is_new=True)
    if stored.key == key:
        return KeyUse(choice, key)
    if choice is KeyChoice.PROJECT:
        stored.state.refuse_foreign()
    raise SecretConflictError(
        f"Secret/{stored.state.key_secret} in {stored.state.namespace} does not hold the given "
        "key; it is not changed by a deployment.",
        remedy=remedies.conflict,
    )


def _nothing_stored(stored: StoredPair, choice: KeyChoice, remedies: Remedies) -> KeyUse:
    state = stored.state
    own = choice is KeyChoice.OWN
    whose = "The deployment" if own else f"Project {state.namespace}"
    if stored.flaw is not None:
        return _unusable(choice, stored.flaw.message, "key-unusable", remedies.unusable)
    if state.kind in (PairKind.INCOMPLETE, PairKind.DIFFERING):
        what = "is incomplete" if state.kind is PairKind.INCOMPLETE else "differs between them"
        message = f"The key in Secret/{state.key_secret} and Secret/{state.pull_secret} {what}."
        return _unusable(choice, message, "key-unusable", remedies.unusable)
    if state.foreign:
        foreign = "; ".join(str(secret) for secret in state.foreign)
        message = f"{whose} has no key of odh-nim's: {foreign}."
        return _unusable(choice, message, "key-foreign", remedies.foreign)
    message = f"{whose} has no key{' of its own' if own else ''}."
    return _unusable(choice, message, "key-missing", remedies.missing)


async def ask_about(
    nvidia: Nvidia,
    use: KeyUse,
    images: Sequence[ImageReference],
    config: NimConfig,
    *,
    skip_pull_check: bool = False,
) -> Asked:
    """Ask NVIDIA about the key and these very images.

    Raises:
        KeyRefusedError: A new key is refused; it is not stored.
        NgcUnavailableError: NVIDIA could not be asked about a new key.

    """
    if (known := without_asking(use, config, skip_pull_check=skip_pull_check)) is not None:
        return known
    assert use.key is not None
    checked = await check_key_for_images(
        nvidia.ngc, nvidia.registry, use.key, () if skip_pull_check else images
    )
    if use.is_new:
        checked.key.require()
    return Asked(_findings(checked), now() if use.is_new else None)


def without_asking(use: KeyUse, config: NimConfig, *, skip_pull_check: bool) -> Asked | None:
    """Say what is known without NVIDIA; None where it has to be asked."""
    if use.key is None or (skip_pull_check and not use.is_new):
        return Asked()
    return None if config.may_ask_nvidia else Asked(NOT_CHECKED.notices)


def now() -> str:
    """Give the time as annotations hold it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _findings(checked: CheckedKey) -> tuple[Finding, ...]:
    findings = [*checked.key.notices, *checked.pulls]
    if (error := checked.key.error) is not None:
        refused = checked.key.state is KeyState.REFUSED
        severity = Severity.ERROR if refused else Severity.WARNING
        code = f"key-{checked.key.state}"
        findings.append(Finding(severity, code, "key", error.message, error.remedy))
    return tuple(findings)


def _unusable(choice: KeyChoice, message: str, code: str, remedy: str) -> KeyUse:
    return KeyUse(choice, findings=(Finding(Severity.ERROR, code, "key", message, remedy),))
