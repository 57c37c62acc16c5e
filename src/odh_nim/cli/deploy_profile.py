"""Finds the hardware profile that a person named."""

import asyncio
from typing import TYPE_CHECKING

from odh_nim.catalog import Installation
from odh_nim.domain.deployment_spec import HardwareProfile
from odh_nim.domain.errors import ForbiddenError, InputError, NotFoundError
from odh_nim.domain.resources import HARDWARE_PROFILES

if TYPE_CHECKING:
    from odh_nim.cluster import Client


async def find_profile(
    client: "Client", text: str | None, namespace: str, installation: Installation
) -> HardwareProfile | None:
    """Find `[PROJECT/]NAME`: without a project in this one, then in the applications namespace.

    A profile that may not be read is taken as it was named: admission needs no right of the user.

    Raises:
        InputError: There is none of this name.

    """
    if text is None:
        return None
    place, _, name = text.rpartition("/")
    places = [place] if place else [namespace, installation.applications_namespace]
    answers = await asyncio.gather(*(_read(client, name, where) for where in places))
    seen = [answer for answer in answers if answer is not None]
    if seen:
        # One that could be read; else the admins' place, where they usually are.
        return next((answer for answer in seen if answer.resource_version), seen[-1])
    raise InputError(
        f"There is no HardwareProfile/{name} in {' or '.join(places)}.",
        remedy="Leave --hardware-profile out and say --cpu, --memory and --gpus.",
    )


async def _read(client: "Client", name: str, namespace: str) -> HardwareProfile | None:
    try:
        found = await client.get(HARDWARE_PROFILES, name, namespace)
    except NotFoundError:
        return None
    except ForbiddenError:
        return HardwareProfile(name, namespace)
    return HardwareProfile(name, namespace, found["metadata"].get("resourceVersion", ""))
