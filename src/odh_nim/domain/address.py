"""Which addresses a key may travel to.

They come from settings only, never from a request; this check keeps a slip in a setting from
sending a key in plain text, or to a service inside the network.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from odh_nim.domain.errors import ConfigurationError

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
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
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise _refused("it is no address") from None
        if parts.username or parts.password or parts.query or parts.fragment or url != url.strip():
            raise _refused("it carries more than a host and a path")
        host = (parts.hostname or "").rstrip(".")
        address = _ip(host)
        loopback = host == "localhost" or (address is not None and address.is_loopback)
        if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
            raise _refused("it is not https")
        if address is not None and not loopback and not address.is_global:
            raise _refused("it is an address inside a network")
        return cls(_rebuilt(parts), host, loopback)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host) or _NUMERIC_LABEL.fullmatch(host.rsplit(".", 1)[-1]):
            raise _refused("it names no host") from None
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _rebuilt(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _refused(reason: str) -> ConfigurationError:
    # The address is not repeated: it may hold a login.
    return ConfigurationError(
        f"The address of an NVIDIA service cannot be used: {reason}.",
        remedy="Correct ODH_NIM_NGC_URL or ODH_NIM_REGISTRY_URL, or unset it.",
    )
