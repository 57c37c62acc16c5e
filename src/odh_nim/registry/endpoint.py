"""Where a registry is, and how the connection to it is made and trusted."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from odh_nim.domain.errors import ConfigurationError, InputError, printable

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_PREFIX: Final = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
# Docker's own registry answers at another name than its references say.
_ALIASES: Final = {"docker.io": "registry-1.docker.io"}


@dataclass(frozen=True)
class Trust:
    """Files for TLS: a private CA, and a certificate of ours with its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Build the TLS settings.

        Raises:
            ConfigurationError: A file is missing or holds no certificate.

        """
        context = ssl.create_default_context()
        try:
            if self.ca:
                context.load_verify_locations(cafile=self.ca)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"A certificate file cannot be used: {error}.") from None
        return context


@dataclass(frozen=True)
class Endpoint:
    """One registry: `host[:port]` as references write it."""

    host: str
    plain: bool = False
    trust: Trust = Trust()

    @property
    def url(self) -> str:
        """The address that answers for it."""
        return f"{'http' if self.plain else 'https'}://{_ALIASES.get(self.host, self.host)}"

    @property
    def may_send_login(self) -> bool:
        """Whether a login is safe: always over TLS, over plain HTTP only on this machine."""
        return not self.plain or is_loopback(urlsplit(self.url).hostname or "")


@dataclass(frozen=True)
class Location:
    """A place in a registry, as a person writes it: `[http://]host[:port][/prefix]`."""

    host: str
    prefix: str = ""
    plain: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a destination; https unless `http://` stands before it.

        Raises:
            InputError: It is no registry.

        """
        plain = text.startswith("http://")
        rest = text.removeprefix("http://").removeprefix("https://").removeprefix("docker://")
        host, _, prefix = rest.rstrip("/").partition("/")
        if not _HOST.fullmatch(host) or (prefix and not _PREFIX.fullmatch(prefix)):
            raise InputError(
                f"{printable(text)!r} is no registry.",
                remedy="Write host[:port][/prefix]; http:// before it for a plain connection.",
            )
        return cls(host, prefix, plain)

    def __str__(self) -> str:
        return f"{self.host}/{self.prefix}" if self.prefix else self.host


def is_loopback(host: str) -> bool:
    """Say whether a host name is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Find the proxy for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY unless NO_PROXY names it.

    NO_PROXY holds host names, suffixes, `host:port`, addresses and networks (`10.0.0.0/8`).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or _is_exempt(host, parts.port, _variable(environ, "NO_PROXY")):
        return None
    proxy = _variable(environ, f"{parts.scheme.upper()}_PROXY") or _variable(environ, "ALL_PROXY")
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    return proxy or None


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.lower()) or environ.get(name) or ""


def _is_exempt(host: str, port: int | None, exempt: str) -> bool:
    rules = [rule.strip().lower() for rule in exempt.split(",") if rule.strip()]
    name = host.lower()
    if "*" in rules or name in rules or f"{name}:{port}" in rules:
        return True
    if any(name.endswith(f".{rule.lstrip('.').removeprefix('*.')}") for rule in rules):
        return True
    return any(_holds(rule, name) for rule in rules if "/" in rule)


def _holds(network: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def proxy_login(proxy: str) -> tuple[str, str | None]:
    """Take the login out of a proxy's address: the address, and `user:password` or None."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return proxy, None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=place).geturl(), login
