"""Clients of registries for tests: short patience, loopback, no proxies."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from odh_nim.registry.distribution import Distribution
from odh_nim.registry.endpoint import Endpoint, Trust
from odh_nim.registry.logins import Login
from odh_nim.registry.patience import Patience
from odh_nim.registry.store import RegistryStore
from odh_nim.registry.upload import Uploader

QUICK = Patience(
    first=1.0, lasting=6.0, tries=4, base=0.02, cap=0.2, stall=1.0, connect=1.0, commit=3.0
)


@contextmanager
def open_store(
    host: str,
    *,
    login: Login | None = None,
    find_login: Callable[[str, str], Login | None] | None = None,
    patience: Patience = QUICK,
    stop: threading.Event | None = None,
    on_wait: Callable[[str, float, str], None] | None = None,
    environ: Mapping[str, str] | None = None,
    tls: Path | None = None,
    trust: Trust | None = None,
    whole: int = 1024 * 1024,
    part: int = 4 * 1024 * 1024,
) -> Iterator[RegistryStore]:
    endpoint = Endpoint(host, plain=trust is None and tls is None, trust=trust or Trust(ca=tls))
    registry = Distribution(
        endpoint,
        find_login or (lambda _host, _repository: login),
        environ=environ or {},
        patience=patience,
        stop=stop,
        on_wait=on_wait,
    )
    store = RegistryStore(registry, uploader=Uploader(registry, whole=whole, part=part))
    try:
        yield store
    finally:
        store.close()
