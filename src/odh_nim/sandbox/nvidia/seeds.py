"""The models of the stand-in, read from the seed file beside this module."""

from pathlib import Path
from typing import Final

import msgspec

from odh_nim.domain.errors import SandboxError

_FILE: Final = Path(__file__).parent / "seed" / "models.json"


class SeedProfile(msgspec.Struct, frozen=True):
    """One way to run an image, in the words of NVIDIA's metadata API."""

    profile_id: str
    gpu: str | tuple[str, ...] | None = None
    min_vram_per_device_gb: float | None = None
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int | None = None
    tested_gpu_devices: tuple[str, ...] = ()


class SeedModel(msgspec.Struct, frozen=True, rename="camel"):
    """One model that the stand-in offers."""

    org: str
    team: str
    name: str
    display_name: str = ""
    short_description: str = ""
    publisher: str = ""
    tags: tuple[str, ...] = ()
    latest_tag: str = ""
    updated_date: str = ""
    size_bytes: int = 0
    architectures: tuple[str, ...] = ("amd64",)
    eu_restricted: bool = False
    nim_type: str = ""
    # Nothing is published for most images: their metadata answers 404.
    profiles: tuple[SeedProfile, ...] = ()

    @property
    def repository(self) -> str:
        """The path in the registry."""
        return f"{self.org}/{self.team}/{self.name}"


def read_seed(path: Path = _FILE) -> tuple[SeedModel, ...]:
    """Read a seed file.

    Raises:
        SandboxError: The file is missing or broken.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[SeedModel, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise SandboxError(f"The seed of models {path} cannot be read: {error}") from error
