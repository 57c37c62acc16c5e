"""An image that is in no catalogue: what can be told from its name alone."""

from odh_nim.catalog import Catalog
from odh_nim.domain.errors import InputError
from odh_nim.domain.image import ImageReference
from odh_nim.domain.model import Model
from odh_nim.manifests.families import classify, family_of


def model_of_image(image: ImageReference, catalog: Catalog | None) -> tuple[Model, str]:
    """Make a model of an image; where the catalogue knows its repository, what it knows is used.

    Raises:
        InputError: It has no tag.

    """
    if image.tag is None:
        raise InputError(f"{image} has no tag.", remedy="Write it as REGISTRY/REPOSITORY:TAG.")
    digests = {image.tag: image.digest} if image.digest else {}
    for known in catalog.models if catalog else ():
        if (known.registry, known.repository) == (image.registry, image.repository):
            if image.tag in known.tags:
                return known, image.tag
            family, protocols, key_required = known.family, known.protocols, known.key_required
            break
    else:
        family = classify(image.repository).family
        protocols, key_required = family_of(family).protocols, True
    model = Model(
        key=image.name,
        name=image.name,
        repository=image.repository,
        registry=image.registry,
        tags=(image.tag,),
        family=family,
        protocols=protocols,
        key_required=key_required,
        digests=digests,
    )
    return model, image.tag
