"""What a registry says when it is asked whether a key may pull an image."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PullOutcome(StrEnum):
    """The answer, or why there is none."""

    ALLOWED = "allowed"
    KEY_REFUSED = "key-refused"
    NO_ENTITLEMENT = "no-entitlement"
    TERMS_NOT_ACCEPTED = "terms-not-accepted"
    UNKNOWN_IMAGE = "unknown-image"
    REGION = "region"
    COULD_NOT_ASK = "could-not-ask"


BY_STATUS: Final = {
    200: PullOutcome.ALLOWED,
    401: PullOutcome.KEY_REFUSED,
    402: PullOutcome.NO_ENTITLEMENT,
    403: PullOutcome.TERMS_NOT_ACCEPTED,
    404: PullOutcome.UNKNOWN_IMAGE,
    451: PullOutcome.REGION,
}


@dataclass(frozen=True)
class _Words:
    message: str
    remedy: str = ""


_WORDS: Final = {
    PullOutcome.ALLOWED: _Words("The key may pull {image}."),
    PullOutcome.KEY_REFUSED: _Words(
        "The registry refused the key for {image}: it is wrong, expired or revoked.",
        "Set a working key with `odh-nim keys set`.",
    ),
    PullOutcome.NO_ENTITLEMENT: _Words(
        "The key's organisation has no entitlement for {image} (402).",
        "Use a key of an organisation with NVIDIA AI Enterprise or a developer licence.",
    ),
    PullOutcome.TERMS_NOT_ACCEPTED: _Words(
        "The key has no right to pull {image} (403), or its terms are not accepted.",
        "Accept them on the model's page at https://catalog.ngc.nvidia.com; the key must include "
        "the service NGC Catalog.",
    ),
    PullOutcome.UNKNOWN_IMAGE: _Words(
        "The registry has no image {image} (404).",
        "Choose a tag that `odh-nim models show` lists.",
    ),
    PullOutcome.REGION: _Words(
        "NVIDIA does not offer {image} in the region this machine calls from (451).",
        "The cluster's nodes may be elsewhere; if they are not, choose another model.",
    ),
    PullOutcome.COULD_NOT_ASK: _Words(
        "Could not ask the registry whether the key may pull {image}: {cause}.",
        "Try again; behind a proxy set HTTPS_PROXY.",
    ),
}


@dataclass(frozen=True)
class PullCheck:
    """The outcome for one image; `message` and `remedy` are for people."""

    image: str
    outcome: PullOutcome
    cause: str = ""

    @property
    def message(self) -> str:
        """What happened, in a sentence."""
        return _WORDS[self.outcome].message.format(image=self.image, cause=self.cause)

    @property
    def remedy(self) -> str:
        """What to do about it; empty where there is nothing to do."""
        return _WORDS[self.outcome].remedy

    @property
    def blocks(self) -> bool:
        """Whether a pull is known to fail; a region or silence is only a warning."""
        return self.outcome not in (
            PullOutcome.ALLOWED,
            PullOutcome.REGION,
            PullOutcome.COULD_NOT_ASK,
        )
