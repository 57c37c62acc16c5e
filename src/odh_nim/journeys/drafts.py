"""What the objects of an interrupted run tell of what was asked for."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from odh_nim.catalog import Catalog
from odh_nim.deployment import Remainder
from odh_nim.domain import names
from odh_nim.domain import protocol as spoken
from odh_nim.domain.errors import ForbiddenError, InputError, NotFoundError
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import PERSISTENT_VOLUME_CLAIMS, SERVING_RUNTIMES, ApiResource


class DraftCluster(Protocol):
    """The call that reading a draft needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


@dataclass(frozen=True)
class Draft:
    """What is known; None is not known. The rest has to be said again."""

    name: str
    model: str | None = None
    tag: str | None = None
    image: str | None = None
    display_name: str | None = None
    protocol: spoken.Protocol | None = None
    claim: str | None = None
    size: str | None = None
    storage_class: str | None = None
    access_mode: str | None = None


async def read_draft(cluster: DraftCluster, remainder: Remainder, catalog: Catalog | None) -> Draft:
    """Read what a remainder tells."""
    runtime, claim = await asyncio.gather(
        _read(cluster, remainder, SERVING_RUNTIMES),
        _read(cluster, remainder, PERSISTENT_VOLUME_CLAIMS),
    )
    return make_draft(remainder.name, runtime, claim, catalog)


def make_draft(
    name: str, runtime: Manifest | None, claim: Manifest | None, catalog: Catalog | None
) -> Draft:
    """Put together what a runtime and a claim tell."""
    image = _image(runtime)
    model = _model(image, catalog)
    spec: dict[str, Any] = (claim or {}).get("spec") or {}
    spelling = annotations(runtime or {}).get(names.API_PROTOCOL)
    protocol = next((one for one in spoken.Protocol if one.api_protocol == spelling), None)
    return Draft(
        name,
        model=model,
        tag=image.tag if image else None,
        image=str(image) if image and model is None else None,
        display_name=annotations(runtime or {}).get(names.DISPLAY_NAME),
        protocol=protocol,
        claim=claim["metadata"]["name"] if claim else None,
        size=((spec.get("resources") or {}).get("requests") or {}).get("storage"),
        storage_class=spec.get("storageClassName"),
        access_mode=next(iter(spec.get("accessModes") or []), None),
    )


def _image(runtime: Manifest | None) -> ImageReference | None:
    containers = ((runtime or {}).get("spec") or {}).get("containers") or []
    try:
        return ImageReference.parse(str(containers[0].get("image"))) if containers else None
    except InputError:
        return None


def _model(image: ImageReference | None, catalog: Catalog | None) -> str | None:
    if image is None or catalog is None:
        return None
    for model in catalog.models:
        if (model.registry, model.repository) == (image.registry, image.repository):
            return model.key if image.tag in model.tags else None
    return None


async def _read(
    cluster: DraftCluster, remainder: Remainder, resource: ApiResource
) -> Manifest | None:
    for reference in remainder.objects:
        if reference.resource == resource:
            try:
                return await cluster.get(resource, reference.name, reference.namespace)
            except (NotFoundError, ForbiddenError):
                return None
    return None
