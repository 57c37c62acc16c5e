"""Which addresses a key may travel to.

They come from settings only, never from a request; this check keeps a slip in a setting from
sending a key in plain text, or to a service inside the network.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

from odh_nim.domain.errors import ConfigurationError

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
# Everything else in an address is read differently by one library or another.
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/\[\]-]+")
# `127.1`, `0x7f000001`, `2130706433`: resolvers read them as addresses, so a name may not look so.
_NUMERIC_LABEL: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


@dataclass(frozen=True)
class ServiceAddress:
    """The address of a service outside: `https://host[:port]`, or plain http on loopback."""

    url: str
    host: str
    loopback: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Check an address.

        Raises:
            ConfigurationError: It is not https, carries a login, a query or odd characters, or
                names an address inside a network.

        """
        if not _CHARACTERS.fullmatch(url):
            raise _refused("it carries more than a host and a path")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("it is no address") from None
        if port == 0 or not _PATH.fullmatch(parts.path):
            raise _refused("its port or its path is none")
        host = (parts.hostname or "").removesuffix(".")
        address = _ip(host)
        loopback = host == "localhost" or (address is not None and address.is_loopback)
        if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
            raise _refused("it is not https")
        if address is not None and not loopback and not _is_outside(address):
            raise _refused("it is an address inside a network")
        netloc = f"[{host}]" if ":" in host else host
        netloc = f"{netloc}:{port}" if port is not None else netloc
        return cls(f"{parts.scheme}://{netloc}{parts.path}".rstrip("/"), host, loopback)


_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def _ip(host: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host) or _NUMERIC_LABEL.fullmatch(host.rsplit(".", 1)[-1]):
            raise _refused("it names no host") from None
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_outside(address: _Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    # 6to4 and Teredo carry an IPv4 address inside, of any kind.
    return not (address.is_site_local or address.sixtofour or address.teredo)


def _refused(reason: str) -> ConfigurationError:
    # The address is not repeated: it may hold a login.
    return ConfigurationError(
        f"The address of an NVIDIA service cannot be used: {reason}.",
        remedy="Correct ODH_NIM_NGC_URL or ODH_NIM_REGISTRY_URL, or unset it.",
    )
