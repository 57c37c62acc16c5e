"""Judges images by asking the registry, as a real container runtime does."""

from collections.abc import Mapping
from typing import Final, Protocol

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError
from odh_nim.domain.image import ImageReference
from odh_nim.registry import PullCheck, PullOutcome
from odh_nim.sandbox.kubelet.pull import ALLOWED

_STATUS: Final[Mapping[PullOutcome, int]] = {
    PullOutcome.ALLOWED: ALLOWED,
    PullOutcome.KEY_REFUSED: 401,
    PullOutcome.NO_ENTITLEMENT: 402,
    PullOutcome.TERMS_NOT_ACCEPTED: 403,
    PullOutcome.UNKNOWN_IMAGE: 404,
    PullOutcome.REGION: 451,
    PullOutcome.COULD_NOT_ASK: 503,
}
_NOT_FOUND: Final = 404


class PullAsker(Protocol):
    """The one call of a registry's client that is needed."""

    async def check_pull(self, image: ImageReference, key: ApiKey) -> PullCheck:
        """Ask whether a key may pull an image."""
        ...


class RegistryJudge:
    """Asks a registry for every image: a token for the key, then the manifest."""

    def __init__(self, registry: PullAsker) -> None:
        self._registry = registry

    async def pull_status(self, image: str, key: ApiKey) -> int:
        """Ask for an image with a key; an image without a tag is its `latest`."""
        named = ":" in image.rsplit("/", 1)[-1] or "@" in image
        try:
            reference = ImageReference.parse(image if named else f"{image}:latest")
        except InputError:
            return _NOT_FOUND
        check = await self._registry.check_pull(reference, key)
        return _STATUS[check.outcome]
