"""What the generator needs of NVIDIA's API, stated as calls and answers."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class Listed(Protocol):
    """One container as the list shows it."""

    @property
    def resource_id(self) -> str:
        """`nim/meta/llama-3.1-8b-instruct`."""

    @property
    def path(self) -> tuple[str, str, str] | None:
        """Organisation, team and name; None where the id has not three parts."""

    @property
    def display_name(self) -> str:
        """What a person reads."""

    @property
    def description(self) -> str:
        """One sentence."""

    @property
    def latest_tag(self) -> str:
        """The newest tag, never empty."""

    @property
    def size_bytes(self) -> int | None:
        """The compressed size of its image."""

    @property
    def updated_date(self) -> str:
        """When it was pushed."""


class Listing(Protocol):
    """Everything that is listed."""

    @property
    def resources(self) -> Sequence[Listed]:
        """What can be pulled."""

    @property
    def without_tag(self) -> Sequence[str]:
        """The ids of what has nothing to pull."""


class Variant(Protocol):
    """One platform of an image."""

    @property
    def architecture(self) -> str:
        """`amd64`, `arm64`."""


class Details(Protocol):
    """One model as its own page tells it."""

    @property
    def display_name(self) -> str | None:
        """What a person reads."""

    @property
    def short_description(self) -> str | None:
        """One sentence."""

    @property
    def tags(self) -> Sequence[str] | None:
        """Every tag, in no order."""

    @property
    def latest_tag(self) -> str | None:
        """One of the tags."""

    @property
    def updated_date(self) -> str | None:
        """RFC 3339."""

    @property
    def publisher(self) -> str | None:
        """Who made the model."""

    @property
    def latest_image_size(self) -> int | None:
        """The compressed size of the latest tag."""

    @property
    def latest_architecture_variants(self) -> Sequence[Variant] | None:
        """The platforms of the latest tag."""

    @property
    def is_multinode_enabled(self) -> bool | None:
        """Whether it may run on several nodes."""

    @property
    def nim_type(self) -> str | None:
        """NVIDIA's own word for the kind of model."""


class Profile(Protocol):
    """One way to run an image; what is absent is unknown, not false."""

    @property
    def gpu(self) -> str | Sequence[str] | None:
        """The products it is made for."""

    @property
    def min_vram_per_device_gb(self) -> float | None:
        """The memory that each GPU must have."""

    @property
    def tensor_parallel_size(self) -> int | None:
        """Over how many GPUs each layer is split."""

    @property
    def pipeline_parallel_size(self) -> int | None:
        """Over how many groups of GPUs the layers are spread."""


class Metadata(Protocol):
    """What NVIDIA publishes about one tag."""

    @property
    def profiles(self) -> Sequence[Profile]:
        """The ways to run it."""


class ModelSource(Protocol):
    """NVIDIA's API, with the key already in hand."""

    async def listing(self) -> Listing:
        """List every container."""

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        """Give the details of one, or `gone`, `no-right`, `region` for why there are none."""

    async def metadata(self, repository: str, tag: str) -> Metadata | None:
        """Give what is published about one tag; None where nothing is, or nobody asks."""
