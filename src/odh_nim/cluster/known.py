"""What a watch has told its caller, so that nothing is told twice or forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass

from odh_nim.domain.manifest import Manifest

# Enough to tell which object went; the rest of a large object is not kept.
_KEPT = ("name", "namespace", "uid", "resourceVersion", "labels", "annotations", "ownerReferences")


@dataclass(frozen=True)
class WatchEvent:
    """A change: ADDED, MODIFIED or DELETED.

    BOOKMARK says that everything up to a version was told (also after the first list). RELISTED
    says that the caller's own list is void and everything follows as ADDED.
    """

    type: str
    object: Manifest


class Known:
    """The objects told so far, by uid."""

    def __init__(self) -> None:
        self._objects: dict[str, Manifest] = {}

    def differences(self, items: Iterable[Manifest]) -> list[WatchEvent]:
        """Compare with a fresh list: first what went, then what came or changed."""
        fresh = {_uid(item): item for item in items}
        gone = [uid for uid in self._objects if uid not in fresh]
        events = [WatchEvent("DELETED", self._objects.pop(uid)) for uid in gone]
        for item in fresh.values():
            event = self.taken(WatchEvent("ADDED", item))
            if event is not None:
                events.append(event)
        return events

    def taken(self, event: WatchEvent) -> WatchEvent | None:
        """Take an event in; give it as the caller must see it, None where it says nothing new."""
        uid = _uid(event.object)
        before = self._objects.get(uid)
        if event.type == "DELETED":
            self._objects.pop(uid, None)
            return event if before is not None else None
        self._objects[uid] = _reduced(event.object)
        if before is None:
            return WatchEvent("ADDED", event.object)
        if _version(before) == _version(event.object):
            return None
        return WatchEvent("MODIFIED", event.object)


def _reduced(item: Manifest) -> Manifest:
    metadata = item["metadata"]
    return {
        "apiVersion": item.get("apiVersion"),
        "kind": item.get("kind"),
        "metadata": {key: metadata[key] for key in _KEPT if key in metadata},
    }


def _uid(item: Manifest) -> str:
    metadata = item["metadata"]
    return str(metadata.get("uid") or f"{metadata.get('namespace', '')}/{metadata['name']}")


def _version(item: Manifest) -> object:
    return item["metadata"].get("resourceVersion")
