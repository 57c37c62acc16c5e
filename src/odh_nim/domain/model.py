"""A model of the catalogue, as every part of odh-nim sees it."""

from dataclasses import dataclass, field
from typing import Final

from odh_nim.domain.image import ImageReference
from odh_nim.domain.names import REGISTRY
from odh_nim.domain.protocol import Protocol

UNKNOWN_FAMILY: Final = "other"


@dataclass(frozen=True)
class GpuNeed:
    """What GPUs a model needs, each part optional: NVIDIA publishes them for some images only."""

    required: bool = True
    counts: tuple[int, ...] = ()
    products: tuple[str, ...] = ()
    memory_gib: int | None = None


@dataclass(frozen=True)
class Model:
    """One entry of the catalogue. Texts are cleaned; tags are byte-identical to NGC's.

    `key` is the ConfigMap key: the image's name, except where two teams share one.
    """

    key: str
    name: str
    repository: str
    tags: tuple[str, ...]
    display_name: str = ""
    short_description: str = ""
    latest_tag: str | None = None
    default_tag: str | None = None
    updated_date: str = ""
    eu_restricted: bool = False
    family: str = UNKNOWN_FAMILY
    protocols: tuple[Protocol, ...] = (Protocol.HTTP,)
    publisher: str = ""
    architectures: tuple[str, ...] = ()
    multinode: bool = False
    size_bytes: int | None = None
    weights_bytes: int | None = None
    gpu: GpuNeed | None = None
    key_required: bool = True
    digests: dict[str, str] = field(default_factory=dict)
    registry: str = REGISTRY
    model_profiles: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def team(self) -> str:
        """The NGC team: `meta` of `nim/meta/llama-3.1-8b-instruct`."""
        parts = self.repository.split("/")
        return parts[-2] if len(parts) > 1 else ""

    @property
    def title(self) -> str:
        """What a person reads: the display name, or the image's name."""
        return self.display_name or self.name

    @property
    def preselected_tag(self) -> str | None:
        """The tag to deploy when none was chosen: the default, NGC's latest, or the first."""
        return self.default_tag or self.latest_tag or next(iter(self.tags), None)

    def image(self, tag: str, *, pin: bool = False) -> ImageReference:
        """Name the image of a tag; pinned to its digest where the catalogue knows it."""
        digest = self.digests.get(tag) if pin else None
        return ImageReference(self.repository, tag, digest, self.registry)
