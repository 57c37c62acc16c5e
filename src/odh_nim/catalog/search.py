"""Finds the model and the tag that a person named, or names the nearest."""

from collections.abc import Iterable

from odh_nim.catalog.catalog import Catalog
from odh_nim.domain.errors import UnknownModelError
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model


def find_model(catalog: Catalog, reference: ModelReference) -> Model:
    """Find a model by its name, with the team where two teams share a name.

    Raises:
        UnknownModelError: There is none, or more than one; the nearest are named.

    """
    found = [
        model
        for model in catalog.models
        if reference.name in (model.name, model.key) and reference.team in (None, model.team)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        teams = ", ".join(sorted(f"{model.team}/{model.name}" for model in found))
        raise UnknownModelError(
            f"More than one team offers {reference.name}: {teams}.",
            remedy="Write it with its team.",
        )
    wanted = str(ModelReference(reference.name, reference.team))
    names = {
        (f"{model.team}/{model.name}" if reference.team else model.name) for model in catalog.models
    }
    raise UnknownModelError(
        f"The catalogue ({catalog.source}) has no model {wanted}.",
        remedy=_nearest(wanted, names) or "`odh-nim models list` shows all.",
    )


def find_tag(model: Model, tag: str) -> str:
    """Check that a model has a tag, byte for byte.

    Raises:
        UnknownModelError: It has not; the nearest are named.

    """
    if tag in model.tags:
        return tag
    shown = ", ".join(model.tags[:5]) + (", …" if len(model.tags) > 5 else "")  # noqa: PLR2004
    raise UnknownModelError(
        f"{model.name} has no tag {tag}.",
        remedy=_nearest(tag, model.tags) or f"It has {shown}.",
    )


def _nearest(wanted: str, names: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - only for a typing error

    near = difflib.get_close_matches(wanted, sorted(names), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else ""
