"""Which proxy leads to the API server: the kubeconfig's, the environment's, or none."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from odh_nim.domain.errors import KubeconfigError

_SCHEMES = ("http", "https")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(
    host: str, port: int, *, configured: str | None, environ: Mapping[str, str]
) -> str | None:
    """Find the proxy; what runs on this machine is never asked through one.

    Raises:
        KubeconfigError: The proxy's address cannot be used.

    """
    if is_loopback(host):
        return None
    proxy = configured
    if not proxy:
        if _exempt(host, port, _variable(environ, "NO_PROXY")):
            return None
        proxy = _variable(environ, "HTTPS_PROXY") or _variable(environ, "ALL_PROXY")
    return _checked(proxy) if proxy else None


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.lower()) or ""


def _checked(proxy: str) -> str:
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # Not repeated: it may hold a login.
        raise KubeconfigError(
            "The proxy's address cannot be used.",
            remedy="Correct proxy-url in the kubeconfig, or HTTPS_PROXY.",
        )
    return address


def _exempt(host: str, port: int, rules: str) -> bool:
    return any(
        _matches(host.lower(), port, rule) for rule in rules.lower().replace(",", " ").split()
    )


def _matches(host: str, port: int, rule: str) -> bool:
    """Read one rule of NO_PROXY as Go programs do: name, domain, address, network, with a port."""
    if rule == "*":
        return True
    if "/" in rule:
        return _in_network(host, rule)
    name, colon, number = rule.rpartition(":")
    if colon and number.isdigit() and ":" not in name:
        if int(number) != port:
            return False
        rule = name
    rule = rule.removeprefix("*")
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith(f".{rule}")


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
