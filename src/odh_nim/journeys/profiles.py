"""Hardware profiles of Open Data Hub: the one that a person named, or all of them."""

import asyncio
from typing import Protocol

from odh_nim.domain.deployment_spec import HardwareProfile
from odh_nim.domain.errors import ForbiddenError, InputError, NotFoundError, printable
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import HARDWARE_PROFILES, ApiResource


class ProfileCluster(Protocol):
    """The call that finding a profile needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


async def find_profile(
    cluster: ProfileCluster,
    text: str | None,
    namespace: str,
    applications_namespace: str | None,
) -> HardwareProfile | None:
    """Find `[PROJECT/]NAME`: without a project in this one, then in the applications namespace.

    A profile that may not be read is taken as it was named: admission needs no right of the user.

    Raises:
        InputError: There is none of this name.

    """
    if text is None:
        return None
    place, _, name = text.rpartition("/")
    places = [place] if place else [one for one in (namespace, applications_namespace) if one]
    answers = await asyncio.gather(*(_read(cluster, name, where) for where in places))
    seen = [answer for answer in answers if answer is not None]
    if seen:
        # One that could be read; else the admins' place, where they usually are.
        return next((answer for answer in seen if answer.resource_version), seen[-1])
    raise InputError(
        f"There is no HardwareProfile/{printable(name)} in {' or '.join(map(printable, places))}.",
        remedy="Leave the profile out and say CPU, memory and GPUs.",
    )


async def _read(cluster: ProfileCluster, name: str, namespace: str) -> HardwareProfile | None:
    try:
        found = await cluster.get(HARDWARE_PROFILES, name, namespace)
    except NotFoundError:
        return None
    except ForbiddenError:
        return HardwareProfile(name, namespace)
    return HardwareProfile(name, namespace, found["metadata"].get("resourceVersion", ""))
