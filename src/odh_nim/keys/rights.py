"""May the caller store a key here: asked before the key is."""

import asyncio
from typing import Final, Protocol

from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.resources import SECRETS, ApiResource

# `delete` is for taking back a first Secret when the second fails.
_VERBS: Final = ("get", "create", "update", "delete")


class AccessReviewer(Protocol):
    """Asks the API server about the caller's rights."""

    async def can_i(self, verb: str, resource: ApiResource, namespace: str | None = None) -> bool:
        """Answer for one verb."""


async def check_rights(cluster: AccessReviewer, namespace: str) -> None:
    """Make sure that the caller may do all that storing a key takes.

    Raises:
        ForbiddenError: With the verbs that are missing.

    """
    answers = await asyncio.gather(*(cluster.can_i(verb, SECRETS, namespace) for verb in _VERBS))
    missing = [verb for verb, allowed in zip(_VERBS, answers, strict=True) if not allowed]
    if missing:
        raise ForbiddenError(
            f"store a key in {namespace}",
            f"you may not {' or '.join(missing)} Secrets there.",
            status=403,
            remedy=f"Ask an admin of {namespace} for the role edit.",
        )
