"""Judges images as the registry's stand-in does, for a key of the sandbox."""

from dataclasses import dataclass
from typing import Final

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError
from odh_nim.domain.image import ImageReference
from odh_nim.sandbox.kubelet.pull import ALLOWED
from odh_nim.sandbox.nvidia.app import pull_status
from odh_nim.sandbox.nvidia.dummy_keys import recognize
from odh_nim.sandbox.nvidia.state import StandInState

_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404


@dataclass(frozen=True)
class StandInJudge:
    """Answers what NVIDIA's stand-in answers a token and a manifest with, without a request.

    Faults, latency and journal of the stand-in are for the product's requests; nodes are spared.
    """

    state: StandInState

    async def pull_status(self, image: str, key: ApiKey) -> int:
        """Ask for an image with a key; an image without a tag is its `latest`."""
        named = ":" in image.rsplit("/", 1)[-1] or "@" in image
        try:
            reference = ImageReference.parse(image if named else f"{image}:latest")
        except InputError:
            return _NOT_FOUND
        dummy = recognize(key.reveal())
        if dummy is None or self.state.status_of(dummy) != ALLOWED:
            return _UNAUTHORIZED
        model = self.state.models.get(reference.repository)
        return pull_status(self.state, dummy, model, reference.digest or reference.tag or "")
