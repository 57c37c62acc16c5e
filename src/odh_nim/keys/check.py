"""Is this key good: asked of NVIDIA, and of its registry for the images in question.

"Could not ask" is an answer of its own. It never counts as a refusal, and never as a yes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyRefusedError, NgcUnavailableError, OdhNimError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference

_SECONDS: Final = 10
_AT_ONCE: Final = 8
_PERSONAL: Final = "PERSONAL_KEY"
_REGISTRY_PRODUCT: Final = "private-registry"
_ALLOWED: Final = "allowed"


class CallerInfo(Protocol):
    """What NVIDIA tells about a key."""

    @property
    def type(self) -> str | None:
        """The kind of key."""

    @property
    def products(self) -> tuple[str, ...] | None:
        """What it is for."""


class KeyChecker(Protocol):
    """Asks NVIDIA about a key."""

    async def caller_info(self, key: ApiKey) -> CallerInfo:
        """Answer, or raise KeyRefusedError or NgcUnavailableError."""


class PullAnswer(Protocol):
    """What the registry says about one image."""

    @property
    def outcome(self) -> str:
        """A stable word; `allowed` is the good one."""

    @property
    def message(self) -> str:
        """A sentence."""

    @property
    def remedy(self) -> str:
        """What to do."""

    @property
    def blocks(self) -> bool:
        """Whether a pull is known to fail."""


class PullChecker(Protocol):
    """Asks the registry whether a key may pull an image."""

    async def check_pull(self, image: ImageReference, key: ApiKey) -> PullAnswer:
        """Answer; faults are answers too."""


class KeyState(StrEnum):
    """What is known about a key."""

    VALID = "valid"
    REFUSED = "refused"
    COULD_NOT_ASK = "could-not-ask"
    # disableKeyValidation: only the grammar was looked at.
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True)
class KeyCheck:
    """The answer about a key; `error` says why it is not valid."""

    state: KeyState
    notices: tuple[Finding, ...] = ()
    error: OdhNimError | None = None

    def require(self) -> None:
        """Go on only with a key that is valid, or that nobody wants checked.

        Raises:
            KeyRefusedError: NVIDIA refused it.
            NgcUnavailableError: NVIDIA could not be asked.

        """
        if self.error is not None:
            raise self.error


@dataclass(frozen=True)
class CheckedKey:
    """The answers about a key and the images it shall pull."""

    key: KeyCheck
    pulls: tuple[Finding, ...] = ()


NOT_CHECKED: Final = KeyCheck(
    KeyState.NOT_CHECKED,
    notices=(
        Finding(
            Severity.NOTICE,
            "key-not-checked",
            "key",
            "NVIDIA was not asked: disableKeyValidation is set.",
        ),
    ),
)


async def check_key(ngc: KeyChecker, key: ApiKey) -> KeyCheck:
    """Ask NVIDIA about a key; the answer comes within 10 seconds."""
    try:
        async with asyncio.timeout(_SECONDS):
            info = await ngc.caller_info(key)
    except KeyRefusedError as error:
        return KeyCheck(KeyState.REFUSED, error=error)
    except NgcUnavailableError as error:
        return KeyCheck(KeyState.COULD_NOT_ASK, error=error)
    except TimeoutError:
        late = NgcUnavailableError("key check", f"no answer within {_SECONDS} s")
        return KeyCheck(KeyState.COULD_NOT_ASK, error=late)
    return KeyCheck(KeyState.VALID, notices=tuple(_notices(info)))


async def check_key_for_images(
    ngc: KeyChecker, registry: PullChecker, key: ApiKey, images: Sequence[ImageReference]
) -> CheckedKey:
    """Ask about a key and about every image, all at once."""
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(check_key(ngc, key))
        pulls = group.create_task(pull_findings(registry, key, images))
    # A refused key is one fault, not one per image.
    refused = answer.result().state is KeyState.REFUSED
    return CheckedKey(answer.result(), () if refused else tuple(pulls.result()))


async def pull_findings(
    registry: PullChecker, key: ApiKey, images: Sequence[ImageReference]
) -> list[Finding]:
    """Say what stands in the way of pulling each image; nothing where nothing does.

    Errors are known to fail. A region or an unreachable registry is a warning: the cluster's
    nodes may call from elsewhere.
    """
    turn = asyncio.Semaphore(_AT_ONCE)

    async def ask(image: ImageReference) -> Finding | None:
        async with turn:
            answer = await registry.check_pull(image, key)
        if answer.outcome == _ALLOWED:
            return None
        severity = Severity.ERROR if answer.blocks else Severity.WARNING
        code = f"pull-{answer.outcome}"
        return Finding(severity, code, str(image), answer.message, answer.remedy)

    unique = list(dict.fromkeys(images))
    answers = await asyncio.gather(*(ask(image) for image in unique))
    return [finding for finding in answers if finding is not None]


def _notices(info: CallerInfo) -> list[Finding]:
    notices: list[Finding] = []
    # An empty answer says nothing, so there is nothing to remark.
    if info.type is not None and info.type != _PERSONAL:
        kind = printable(info.type, 40) or "unknown"
        notices.append(
            Finding(
                Severity.NOTICE,
                "key-type",
                "key",
                f"The key is valid, but of type {kind}, not {_PERSONAL}.",
            )
        )
    if info.products is not None and _REGISTRY_PRODUCT not in info.products:
        notices.append(
            Finding(
                Severity.NOTICE,
                "key-products",
                "key",
                f"The key's services do not include {_REGISTRY_PRODUCT}: pulls may be refused.",
                "A personal key for the service NGC Catalog includes it.",
            )
        )
    return notices
