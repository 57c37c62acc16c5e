"""Plans, mirrors and fakes for tests of the air gap."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from odh_nim.airgap.events import Event
from odh_nim.airgap.model_list import ModelList
from odh_nim.airgap.outcome import Outcome
from odh_nim.airgap.plan import Plan
from odh_nim.airgap.registries import RegistryDestination, RegistrySource
from odh_nim.airgap.resolve import resolve
from odh_nim.airgap.transfer import Transfer
from odh_nim.domain.image import ImageReference
from odh_nim.registry.patience import Patience
from odh_nim.registry.store import RegistryStore
from support.registry_clients import QUICK, open_store
from support.registry_images import MadeImage, image, layer
from support.registry_server import FakeRegistry

KIB = 1024


def publish(registry: FakeRegistry, repository: str, tag: str, made: MadeImage) -> None:
    """Put an image into a registry, as its maker would."""
    for blob in made.blobs.values():
        registry.put(repository, blob)
    registry.put_manifest(repository, tag, made.body, made.media_type)


def nim_images(count: int = 3, *, shared: int = 512 * KIB, own: int = 256 * KIB) -> list[MadeImage]:
    """Make images with one shared layer, one own layer and NIM's labels."""
    base = layer(shared, "shared")
    return [
        image([base, layer(own, f"own-{number}")], labels={"com.nvidia.nim.name": f"m{number}"})
        for number in range(count)
    ]


def nim_source(count: int = 3, **sizes: int) -> FakeRegistry:
    """Make a registry with `nim/team/m0:1.0.0` and so on."""
    registry = FakeRegistry()
    for number, made in enumerate(nim_images(count, **sizes)):
        publish(registry, f"nim/team/m{number}", "1.0.0", made)
    return registry


def references(host: str, count: int = 3) -> tuple[ImageReference, ...]:
    return tuple(
        ImageReference(f"nim/team/m{number}", "1.0.0", registry=host) for number in range(count)
    )


@dataclass
class Mirror:
    """Opens registries, remembers events."""

    stores: dict[str, RegistryStore]
    events: list[Event] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def open(self, host: str) -> RegistryStore:
        return self.stores[host]

    def plan(self, *images: ImageReference, all_platforms: bool = False) -> Plan:
        resolved = resolve(ModelList((), images), self.open, all_platforms=all_platforms)
        assert resolved.problems == ()
        return resolved.plan

    def copy(
        self,
        plan: Plan,
        host: str,
        *,
        prefix: str = "",
        workers: int = 4,
        keep_going: bool = True,
        recheck: bool = False,
    ) -> Outcome:
        transfer = Transfer(
            RegistrySource(self.open),
            RegistryDestination(self.stores[host], prefix, recheck=recheck),
            workers=workers,
            sink=self.events.append,
            stop=self.stop,
            keep_going=keep_going,
        )
        return transfer.run(plan)


@contextmanager
def mirror(
    *hosts: str,
    patience: Patience = QUICK,
    on_wait: Callable[[str, float, str], None] | None = None,
) -> Iterator[Mirror]:
    with ExitStack() as stack:
        made = Mirror({})
        for host in hosts:
            made.stores[host] = stack.enter_context(
                open_store(host, patience=patience, stop=made.stop, on_wait=on_wait)
            )
        yield made
