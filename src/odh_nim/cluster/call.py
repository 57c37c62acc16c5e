"""One request to the API server, as plain data."""

from dataclasses import dataclass, field
from typing import Final

_MIB: Final = 1024 * 1024
OBJECT_LIMIT: Final = 8 * _MIB
LIST_LIMIT: Final = 64 * _MIB

JSON: Final = "application/json"
APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
# Of an object, everything but what it is about.
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST: Final = (
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)


@dataclass(frozen=True)
class Call:
    """What is asked. `operation` names it in messages; the body is never shown."""

    operation: str
    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    content_type: str = JSON
    accept: str = JSON
    # Whether the same request twice does what it does once.
    idempotent: bool = True
    # Whether a lost reply leaves it open what is stored now.
    stores: bool = False
    limit: int = OBJECT_LIMIT


@dataclass(frozen=True)
class Answer:
    """What came back, read completely."""

    status: int
    media_type: str
    retry_after: float | None
    body: bytes = field(repr=False)

    @property
    def is_json(self) -> bool:
        """Whether it says to be JSON."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")
