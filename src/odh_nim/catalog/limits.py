"""How large a catalogue may be, and the rule that makes it smaller."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from odh_nim.catalog.tags import is_full_version
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model

# `kubectl apply` stores a copy of the object in an annotation, and this is the most that all
# annotations of an object may hold (k8s.io/apimachinery, TotalAnnotationSizeLimitB).
MAX_APPLIED: Final = 262_144
# The most that the API server takes as the data of a ConfigMap (k8s.io/kubernetes, MaxSecretSize).
MAX_STORED: Final = 1_048_576
_WARN_PERCENT: Final = 60


@dataclass(frozen=True)
class Size:
    """What a ConfigMap weighs against both limits."""

    applied: int
    stored: int

    @property
    def fits(self) -> bool:
        """Whether both limits are kept."""
        return self.applied <= MAX_APPLIED and self.stored <= MAX_STORED

    def __str__(self) -> str:
        return (
            f"{self.applied:,} bytes are {self.applied * 100 // MAX_APPLIED} % of what client-side "
            f"apply takes ({MAX_APPLIED:,}) and {self.stored * 100 // MAX_STORED} % of what a "
            f"ConfigMap holds ({MAX_STORED:,})"
        )


def measure(manifest: Manifest) -> Size:
    """Measure a ConfigMap: as compact JSON as `kubectl apply` copies it, and its data alone."""
    compact = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))
    data: dict[str, Any] = manifest.get("data") or {}
    stored = sum(_length(text) for text in data.values() if isinstance(text, str))
    return Size(_length(compact), stored)


def size_findings(manifest: Manifest) -> list[Finding]:
    """Warn of a catalogue that nears what can be applied."""
    size = measure(manifest)
    if size.applied * 100 <= MAX_APPLIED * _WARN_PERCENT:
        return []
    message = f"It is large: {size}."
    remedy = "Keep fewer tags of each model with --max-tags N."
    return [Finding(Severity.WARNING, "catalog-large", "catalogue", message, remedy)]


def keep_newest_tags(model: Model, most: int) -> Model:
    """Keep the newest versions of a model, and the tags that it is known by.

    The latest and the preselected tag always stay; of the moving tags only they do.
    """
    if len(model.tags) <= most:
        return model
    named = {model.latest_tag, model.default_tag} - {None}
    newest = [tag for tag in model.tags if is_full_version(tag) and tag not in named]
    kept = named | set(newest[: max(0, most - len(named))])
    tags = tuple(tag for tag in model.tags if tag in kept) or model.tags[:most]
    digests = {tag: digest for tag, digest in model.digests.items() if tag in tags}
    return replace(model, tags=tags, digests=digests)


def most_tags(models: Sequence[Model]) -> int:
    """Count the tags of the model that has most."""
    return max((len(model.tags) for model in models), default=0)


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
