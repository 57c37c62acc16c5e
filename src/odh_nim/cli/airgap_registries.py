"""Opens the registries of an air-gap command, with their logins and certificates."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from odh_nim.airgap.skopeo import End
from odh_nim.cli.airgap_options import Access
from odh_nim.cli.key_input import read_key
from odh_nim.domain import names
from odh_nim.registry import (
    Distribution,
    Endpoint,
    Location,
    Login,
    Logins,
    Patience,
    RegistryStore,
    Trust,
)
from odh_nim.registry.endpoint import is_loopback
from odh_nim.settings import Settings

OnWait = Callable[[str, float, str], None]
_NVIDIA: Final = names.REGISTRY


def settings_now() -> Settings:
    """Read the settings; most of these commands ask no cluster, so `wiring` is not imported."""
    return Settings.from_environment(os.environ)


class Registries:
    """Every registry of one command; opened when first asked for."""

    def __init__(self, access: Access, settings: Settings, *, on_wait: OnWait) -> None:
        self.stop = threading.Event()
        self._access = access
        self._settings = settings
        self._on_wait = on_wait
        self._logins = Logins(os.environ, given=_given(access), authfile=access.authfile)
        self._open: dict[str, RegistryStore] = {}
        self._lock = threading.Lock()

    def source(self, host: str) -> RegistryStore:
        """Open the registry that image references name."""
        with self._lock:
            if host not in self._open:
                self._open[host] = self._store(self._source_endpoint(host), host)
            return self._open[host]

    def destination(self, place: Location) -> RegistryStore:
        """Open the mirror."""
        access = self._access
        trust = Trust(access.ca, access.client_cert, access.client_key)
        plain = place.plain or _is_local(place.host)
        key = f"mirror {place.host}"
        with self._lock:
            if key not in self._open:
                endpoint = Endpoint(place.host, plain=plain and access.ca is None, trust=trust)
                self._open[key] = self._store(endpoint, place.host)
            return self._open[key]

    def login(self, host: str) -> Login | None:
        """Find the login of a host, for what is not asked by ourselves."""
        return self._logins.find(host)

    def source_end(self, host: str) -> End:
        """Describe a source for skopeo."""
        endpoint = self._source_endpoint(host)
        return End(endpoint.host, plain=endpoint.plain, login=_pair(self.login(host)))

    def destination_end(self, place: Location) -> End:
        """Describe the mirror for skopeo."""
        plain = place.plain or _is_local(place.host)
        return End(place.host, place.prefix, plain=plain, login=_pair(self.login(place.host)))

    def _source_endpoint(self, host: str) -> Endpoint:
        trust = Trust(self._access.source_ca)
        if host == _NVIDIA:
            parts = urlsplit(self._settings.registry_url)
            return Endpoint(parts.netloc, plain=parts.scheme == "http", trust=trust)
        return Endpoint(host, plain=_is_local(host), trust=trust)

    def _store(self, endpoint: Endpoint, login_host: str) -> RegistryStore:
        registry = Distribution(
            endpoint,
            lambda _host, repository: self._logins.find(login_host, repository),
            environ=os.environ,
            patience=_patience(self._access.wait),
            stop=self.stop,
            on_wait=self._on_wait,
        )
        return RegistryStore(registry)

    def end(self) -> None:
        """Stop the run: threads wake, uploads are taken back."""
        self.stop.set()
        for store in list(self._open.values()):
            store.abort()

    def close(self) -> None:
        """Close every connection."""
        for store in self._open.values():
            store.close()


@contextmanager
def open_registries(access: Access, settings: Settings, on_wait: OnWait) -> Iterator[Registries]:
    """Open registries for one command; Ctrl-C and SIGTERM end it in order."""
    registries = Registries(access, settings, on_wait=on_wait)

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        # A second one ends at once.
        signal.signal(number, before[signal.Signals(number)])
        registries.end()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield registries
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        registries.close()


def _patience(wait: float) -> Patience:
    return Patience(lasting=wait, first=min(Patience.first, wait))


def _given(access: Access) -> dict[str, Login]:
    if access.key_file is None:
        return {}
    key = read_key(access.key_file, owner="the mirror")
    return {_NVIDIA: Login(names.REGISTRY_USER, key.reveal())}


def _is_local(host: str) -> bool:
    """Registries on this machine are plain, as for every container tool."""
    return is_loopback(host.rpartition(":")[0] or host)


def _pair(login: Login | None) -> tuple[str, str] | None:
    return (login.username, login.password) if login and login.password else None
