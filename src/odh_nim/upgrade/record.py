"""What earlier runs did: kept in one ConfigMap, without a key or anything made from one.

It answers three questions that a single run cannot: did something come back that was deleted,
was a project's Secret proven to be a copy of the admin's key before that key was deleted, and what
is there to tell.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import CONFIG_MAPS, ApiResource

# A ConfigMap holds 1 MiB. What does not fit is forgotten from the oldest on: then a copy is not
# proven any more, and something that came back is deleted once more.
_MOST: Final = 900_000


@dataclass(frozen=True)
class Mark:
    """An object as it was: which one, and in which writing."""

    subject: str
    uid: str
    resource_version: str = ""


@dataclass(frozen=True)
class Record:
    """The memory of all runs; `state` is `running`, `done` or `waiting`."""

    state: str = ""
    at: str = ""
    deleted: tuple[Mark, ...] = ()
    changed: tuple[Mark, ...] = ()
    proven: tuple[Mark, ...] = ()
    left: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    version: str | None = field(default=None, compare=False, repr=False)

    def deleted_before(self, subject: str, uid: str) -> bool:
        """Say whether an object of this name was deleted and another one has come since."""
        marks = [mark for mark in self.deleted if mark.subject == subject]
        return bool(marks) and all(mark.uid != uid for mark in marks)

    def changed_before(self, subject: str, uid: str) -> bool:
        """Say whether this very object was changed by an earlier run."""
        return any(mark.subject == subject and mark.uid == uid for mark in self.changed)

    def proves(self, secret: Manifest) -> bool:
        """Say whether this writing of a Secret was proven to hold the admin's key."""
        metadata = secret["metadata"]
        return any(
            (mark.uid, mark.resource_version) == (metadata["uid"], metadata["resourceVersion"])
            for mark in self.proven
        )

    def says_the_same(self, other: "Record") -> bool:
        """Compare without the time."""
        return self.to_data() | {"at": ""} == other.to_data() | {"at": ""}

    def to_data(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "state": self.state,
            "at": self.at,
            "deleted": [_mark(mark) for mark in self.deleted],
            "changed": [_mark(mark) for mark in self.changed],
            "proven": [_mark(mark) for mark in self.proven],
            "left": list(self.left),
            "advice": list(self.advice),
        }

    def to_text(self) -> str:
        """Give it as JSON that fits into a ConfigMap, one line for each mark."""
        data = self.to_data()
        while len(text := _to_text(data)) > _MOST:
            for name in ("deleted", "changed", "proven", "left"):
                data[name] = data[name][len(data[name]) // 4 + 1 :]
        return text


class ReportCluster(Protocol):
    """The calls that keeping the record needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""

    async def replace(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Replace what has the manifest's resourceVersion."""


def parse_record(config_map: Manifest | None) -> Record:
    """Read a record; one that cannot be read proves nothing and accuses nobody."""
    try:
        text = ((config_map or {}).get("data") or {})[names.UPGRADE_REPORT_KEY]
        data = json.loads(text)
        return Record(
            str(data.get("state", "")),
            str(data.get("at", "")),
            _marks(data, "deleted"),
            _marks(data, "changed"),
            _marks(data, "proven"),
            tuple(str(line) for line in data.get("left", ())),
            tuple(str(line) for line in data.get("advice", ())),
            (config_map or {})["metadata"]["resourceVersion"],
        )
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return Record()


def record_among(config_maps: Sequence[Manifest], namespaces: Sequence[str]) -> Record:
    """Find the record among the ConfigMaps of an inventory."""
    for config_map in config_maps:
        metadata = config_map["metadata"]
        if metadata["name"] == names.UPGRADE_REPORT and metadata["namespace"] in namespaces:
            return parse_record(config_map)
    return Record()


async def read_record(cluster: ReportCluster, namespace: str) -> Record | None:
    """Read what the last run left; None where there was none."""
    try:
        return parse_record(await cluster.get(CONFIG_MAPS, names.UPGRADE_REPORT, namespace))
    except NotFoundError:
        return None


async def store_record(cluster: ReportCluster, record: Record, namespace: str) -> Manifest:
    """Store a record over what is there."""
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names.UPGRADE_REPORT,
            "namespace": namespace,
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "data": {names.UPGRADE_REPORT_KEY: record.to_text()},
    }
    try:
        found = await cluster.get(CONFIG_MAPS, names.UPGRADE_REPORT, namespace)
    except NotFoundError:
        return await cluster.create(manifest)
    manifest["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
    manifest["metadata"]["annotations"] = annotations(found)
    return await cluster.replace(manifest)


def _to_text(data: dict[str, Any]) -> str:
    parts = []
    for name, value in data.items():
        lines = [json.dumps(one) for one in value] if isinstance(value, list) else []
        inner = "[\n  " + ",\n  ".join(lines) + "\n ]" if lines else json.dumps(value)
        parts.append(f" {json.dumps(name)}: {inner}")
    return "{\n" + ",\n".join(parts) + "\n}"


def _mark(mark: Mark) -> dict[str, str]:
    data = {"object": mark.subject, "uid": mark.uid}
    return data | ({"resourceVersion": mark.resource_version} if mark.resource_version else {})


def _marks(data: Any, field_name: str) -> tuple[Mark, ...]:
    return tuple(
        Mark(str(one["object"]), str(one["uid"]), str(one.get("resourceVersion", "")))
        for one in data.get(field_name, ())
    )
