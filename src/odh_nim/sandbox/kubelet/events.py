"""Events as a kubelet writes them: an object for what happens, counted when it happens again."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from odh_nim.domain.errors import NotFoundError, OdhNimError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import EVENTS
from odh_nim.sandbox.kubelet.cluster import KubeletCluster
from odh_nim.sandbox.kubelet.container import Event
from odh_nim.sandbox.kubelet.pod_status import timestamp

_log: Final = logging.getLogger(__name__)
# An event's name is the object's and a suffix of its own.
_LONGEST_NAME: Final = 230


@dataclass(frozen=True)
class Reporter:
    """Who tells of an event: the component and, for a kubelet, its node."""

    component: str
    host: str = ""


@dataclass
class _Told:
    name: str
    count: int


class EventRecorder:
    """Writes events; what cannot be written is logged and forgotten, as in a real cluster."""

    def __init__(self, cluster: KubeletCluster, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock
        # By the uid of the object, so that what is gone is forgotten at once.
        self._told: dict[str, dict[tuple[str, Event], _Told]] = {}

    async def record(
        self, about: Manifest, event: Event, reporter: Reporter, *, field: str = ""
    ) -> None:
        """Tell of an event of an object; `field` names a part of it."""
        told = self._told.setdefault(about["metadata"]["uid"], {})
        try:
            if (before := told.get((field, event))) and await self._count(about, before):
                return
            name = await self._create(about, event, reporter, field)
        except OdhNimError as error:
            # The namespace of an object may be going away with it.
            _log.info("An event of %s is not written: %s", describe(about), error)
            return
        told[field, event] = _Told(name, 1)

    def forget(self, uid: str) -> None:
        """Drop what is known about an object that is gone."""
        self._told.pop(uid, None)

    async def _count(self, about: Manifest, told: _Told) -> bool:
        change = {"count": told.count + 1, "lastTimestamp": timestamp(self._clock())}
        try:
            await self._cluster.patch(EVENTS, told.name, _namespace(about), merge=change)
        except NotFoundError:
            # An API server keeps events for an hour.
            return False
        told.count += 1
        return True

    async def _create(self, about: Manifest, event: Event, reporter: Reporter, field: str) -> str:
        name = f"{about['metadata']['name'][:_LONGEST_NAME]}.{secrets.token_hex(8)}"
        now = timestamp(self._clock())
        await self._cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": _namespace(about)},
                "involvedObject": _reference(about, field),
                "type": "Warning" if event.warning else "Normal",
                "reason": event.reason,
                "message": event.message,
                "source": {"component": reporter.component, "host": reporter.host},
                "reportingComponent": reporter.component,
                "reportingInstance": reporter.host,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
            }
        )
        return name


def _namespace(about: Manifest) -> str:
    return str(about["metadata"].get("namespace", "default"))


def _reference(about: Manifest, field: str) -> Manifest:
    metadata = about["metadata"]
    reference = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
    if "namespace" in metadata:
        reference["namespace"] = metadata["namespace"]
    return reference | ({"fieldPath": field} if field else {})
