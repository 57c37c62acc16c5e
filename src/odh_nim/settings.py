"""Every setting of odh-nim, read once from the environment.

Only the entry points (command line, web server, sandbox) read settings; everything below takes
what it needs as an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from odh_nim.domain.errors import ConfigurationError

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """All settings; each field names its variable and default in `metadata`."""

    applications_namespace: str | None = field(
        default=None,
        metadata={
            "variable": "ODH_NIM_APPLICATIONS_NAMESPACE",
            "help": "Namespace of the catalogue, the Templates and the configuration; looked for "
            "when not set.",
        },
    )
    ngc_url: str = field(
        default="https://api.ngc.nvidia.com",
        metadata={
            "variable": "ODH_NIM_NGC_URL",
            "help": "NVIDIA's API. Only https, except on loopback.",
        },
    )
    registry_url: str = field(
        default="https://nvcr.io",
        metadata={
            "variable": "ODH_NIM_REGISTRY_URL",
            "help": "NVIDIA's registry, asked whether a key may pull an image. Only https, except "
            "on loopback.",
        },
    )
    cache_home: Path = field(
        default=Path("~/.cache/odh-nim"),
        metadata={
            "variable": "ODH_NIM_CACHE_HOME",
            "help": "Folder of what can be made again: built programs, prepared data.",
        },
    )
    sandbox_home: Path = field(
        default=Path("~/.local/share/odh-nim/sandbox"),
        metadata={
            "variable": "ODH_NIM_SANDBOX_HOME",
            "help": "Folder of the sandbox's data, certificates and kubeconfigs.",
        },
    )
    sandbox_bin: Path | None = field(
        default=None,
        metadata={
            "variable": "ODH_NIM_SANDBOX_BIN",
            "help": "Folder with ready programs of the sandbox; nothing is built then.",
        },
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            ConfigurationError: A variable holds what cannot be used.

        """
        return cls(
            applications_namespace=environ.get("ODH_NIM_APPLICATIONS_NAMESPACE") or None,
            ngc_url=_url(environ, "ODH_NIM_NGC_URL", cls.ngc_url),
            registry_url=_url(environ, "ODH_NIM_REGISTRY_URL", cls.registry_url),
            cache_home=_folder(environ, "ODH_NIM_CACHE_HOME", cls.cache_home),
            sandbox_home=_folder(environ, "ODH_NIM_SANDBOX_HOME", cls.sandbox_home),
            sandbox_bin=Path(folder).expanduser()
            if (folder := environ.get("ODH_NIM_SANDBOX_BIN"))
            else None,
        )


def _folder(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    return Path(environ.get(variable) or default).expanduser()


def _url(environ: Mapping[str, str], variable: str, default: str) -> str:
    text = environ.get(variable) or default
    parts = urlsplit(text)
    # A key travels to this address: plain text only where it never leaves the machine.
    plain_is_safe = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if (parts.scheme != "https" and not plain_is_safe) or not parts.hostname or parts.username:
        raise ConfigurationError(
            f"{variable} is no https address.",
            remedy=f"Unset it to use {default}.",
        )
    return text.rstrip("/")
