"""What NVIDIA's API answers, reduced to what is used.

Unknown fields are skipped, never decoded: the key check's answer holds a person's name and e-mail
address, and neither must enter this process as an object.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

# The search answers in groups; `_scored` repeats the best hits of the others.
_GROUP: Final = "CONTAINER"
_RESOURCE_PARTS: Final = 3


class CallerInfo(msgspec.Struct, frozen=True):
    """Whose kind of key it is, and what it is for; both empty where NVIDIA says nothing."""

    type: str | None = None
    products: tuple[str, ...] | None = None


class Missing(StrEnum):
    """Why a model has no details."""

    GONE = "gone"
    NO_RIGHT = "no-right"
    REGION = "region"


class Architecture(msgspec.Struct, frozen=True, rename="camel"):
    """One platform of a model's latest image."""

    architecture: str = ""
    os: str = ""
    compressed_size: int | None = None
    digest: str = ""


class NimFacts(msgspec.Struct, frozen=True):
    """What the repository says of the NIM inside, where it says anything."""

    nim_type: str | None = None


class ModelDetails(msgspec.Struct, frozen=True, rename="camel"):
    """One model as its own page in the catalogue tells it."""

    name: str
    namespace: str
    display_name: str | None = None
    short_description: str | None = None
    tags: tuple[str, ...] | None = None
    latest_tag: str | None = None
    updated_date: str | None = None
    publisher: str | None = None
    latest_image_size: int | None = None
    latest_architecture_variants: tuple[Architecture, ...] | None = None
    is_multinode_enabled: bool | None = None
    nim: NimFacts | None = None

    @property
    def nim_type(self) -> str | None:
        """NVIDIA's own word for the kind of model."""
        return self.nim.nim_type if self.nim else None


class Profile(msgspec.Struct, frozen=True):
    """One way to run an image; what is absent is unknown, not false."""

    gpu: str | tuple[str, ...] | None = None
    min_vram_per_device_gb: float | None = None
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int | None = None


class Metadata(msgspec.Struct, frozen=True):
    """What NVIDIA publishes about one tag of an image."""

    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One container of the search: enough to ask for its details."""

    resource_id: str
    name: str
    display_name: str
    description: str
    latest_tag: str
    size_bytes: int | None
    updated_date: str

    @property
    def path(self) -> tuple[str, str, str] | None:
        """Organisation, team and name; None where the id has not three parts."""
        parts = self.resource_id.split("/")
        if len(parts) != _RESOURCE_PARTS or not all(parts):
            return None
        return parts[0], parts[1], parts[2]


@dataclass(frozen=True)
class Listing:
    """The whole search; `without_tag` are the ids of what has nothing to pull."""

    resources: tuple[Resource, ...]
    without_tag: tuple[str, ...]


class _Attribute(msgspec.Struct):
    key: str = ""
    value: str | None = None


class _WireResource(msgspec.Struct, rename="camel"):
    resource_id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    attributes: tuple[_Attribute, ...] | None = None


class _Group(msgspec.Struct, rename="camel"):
    group_value: str = ""
    resources: tuple[_WireResource, ...] = ()


class _Params(msgspec.Struct):
    page: int | None = None


class SearchPage(msgspec.Struct, rename="camel"):
    """One page of the search, as it comes."""

    result_total: int
    result_page_total: int
    params: _Params = msgspec.field(default_factory=_Params)
    results: tuple[_Group, ...] = ()

    def resources(self) -> list[Resource]:
        """Give the containers of this page."""
        return [
            _resource(wire)
            for group in self.results
            if group.group_value == _GROUP
            for wire in group.resources
        ]


def _resource(wire: _WireResource) -> Resource:
    attributes = {attribute.key: attribute.value or "" for attribute in wire.attributes or ()}
    size = attributes.get("size", "")
    return Resource(
        resource_id=wire.resource_id,
        name=wire.name or "",
        display_name=wire.display_name or "",
        description=wire.description or "",
        latest_tag=attributes.get("latestTag", ""),
        size_bytes=int(size) if size.isascii() and size.isdigit() else None,
        updated_date=attributes.get("latestTagPushedDate", ""),
    )
