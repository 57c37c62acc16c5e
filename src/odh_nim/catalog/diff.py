"""What is different between two catalogues, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.catalog.catalog import Catalog
from odh_nim.domain.model import Model

_TEXTS: Final[Mapping[str, str]] = {
    "displayName": "display_name",
    "shortDescription": "short_description",
    "defaultTag": "default_tag",
    "family": "family",
    "protocols": "protocols",
    "publisher": "publisher",
    "architectures": "architectures",
    "multinode": "multinode",
    "sizeBytes": "size_bytes",
    "weightsBytes": "weights_bytes",
    "gpu": "gpu",
    "keyRequired": "key_required",
    "digests": "digests",
    "registry": "registry",
    "modelProfiles": "model_profiles",
}


@dataclass(frozen=True)
class ModelChange:
    """What is new in one model; `latest` and `eu_restricted` are before and after, if changed.

    `fields` names what else differs; the date of the last change does not count.
    """

    repository: str
    added_tags: tuple[str, ...] = ()
    removed_tags: tuple[str, ...] = ()
    latest: tuple[str | None, str | None] | None = None
    eu_restricted: tuple[bool, bool] | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class CatalogDiff:
    """What is new in a catalogue."""

    added: tuple[Model, ...]
    removed: tuple[Model, ...]
    changed: tuple[ModelChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return not (self.added or self.removed or self.changed)


def compare(before: Catalog, after: Catalog) -> CatalogDiff:
    """Compare two catalogues by the full path of each model's image."""
    old = {model.repository: model for model in before.models}
    new = {model.repository: model for model in after.models}
    changes = (_compare(old[each], new[each]) for each in sorted(old.keys() & new.keys()))
    return CatalogDiff(
        added=tuple(new[each] for each in sorted(new.keys() - old.keys())),
        removed=tuple(old[each] for each in sorted(old.keys() - new.keys())),
        changed=tuple(change for change in changes if change != ModelChange(change.repository)),
    )


def diff_data(diff: CatalogDiff) -> dict[str, Any]:
    """Give a difference for machines."""
    return {
        "added": [_model_data(model) for model in diff.added],
        "removed": [_model_data(model) for model in diff.removed],
        "changed": [_change_data(change) for change in diff.changed],
    }


def _compare(old: Model, new: Model) -> ModelChange:
    return ModelChange(
        repository=new.repository,
        added_tags=tuple(tag for tag in new.tags if tag not in old.tags),
        removed_tags=tuple(tag for tag in old.tags if tag not in new.tags),
        latest=(old.latest_tag, new.latest_tag) if old.latest_tag != new.latest_tag else None,
        eu_restricted=(old.eu_restricted, new.eu_restricted)
        if old.eu_restricted != new.eu_restricted
        else None,
        fields=tuple(
            name
            for name, attribute in _TEXTS.items()
            if getattr(old, attribute) != getattr(new, attribute)
        ),
    )


def _model_data(model: Model) -> dict[str, Any]:
    return {
        "repository": model.repository,
        "tags": list(model.tags),
        "latestTag": model.latest_tag,
        "euRestricted": model.eu_restricted,
    }


def _change_data(change: ModelChange) -> dict[str, Any]:
    data = {
        "repository": change.repository,
        "addedTags": list(change.added_tags),
        "removedTags": list(change.removed_tags),
        "latestTag": _before_after(change.latest),
        "euRestricted": _before_after(change.eu_restricted),
        "fields": list(change.fields),
    }
    return {name: value for name, value in data.items() if value}


def _before_after(pair: tuple[object, object] | None) -> dict[str, Any] | None:
    return {"before": pair[0], "after": pair[1]} if pair else None
