"""Manifests for eyes: previews, dry runs and messages show no content of a Secret."""

import copy
from typing import Final

from odh_nim.domain.manifest import Manifest

REDACTED: Final = "REDACTED"
# Client-side apply keeps the whole object here, the data of a Secret included.
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def redact(manifest: Manifest) -> Manifest:
    """Copy a manifest with the values of a Secret replaced; items of a List too."""
    copied = copy.deepcopy(manifest)
    for item in copied.get("items") or [copied]:
        if isinstance(item, dict) and item.get("kind", "Secret") == "Secret":
            _redact_secret(item)
    return copied


def _redact_secret(secret: Manifest) -> None:
    for field in ("data", "stringData"):
        if isinstance(values := secret.get(field), dict):
            secret[field] = dict.fromkeys(values, REDACTED)
        elif values is not None:
            secret[field] = REDACTED
    annotations = (secret.get("metadata") or {}).get("annotations") or {}
    if _LAST_APPLIED in annotations:
        annotations[_LAST_APPLIED] = REDACTED
