"""The reviewed list of models that NVIDIA does not offer in the European Union."""

from pathlib import Path

import msgspec

from odh_nim.domain.errors import CatalogError


class _Restricted(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: str
    resource_id: str
    org: str
    team: str
    date: str
    evidence: str


def read_eu_list(path: Path) -> frozenset[str]:
    """Read the ids of the restricted models.

    Raises:
        CatalogError: The file is missing or broken.

    """
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[_Restricted])
    except (OSError, msgspec.MsgspecError) as error:
        raise CatalogError(
            f"The list of restricted models {path} cannot be read: {error}"
        ) from error
    for entry in entries:
        if entry.resource_id != f"{entry.org}/{entry.team}/{entry.name}":
            raise CatalogError(f"{path}: {entry.resource_id} does not fit its own parts.")
    return frozenset(entry.resource_id for entry in entries)
