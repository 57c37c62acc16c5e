"""What is seen of one deployment, and the questions that are asked of it; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, annotations, labels

_REVISION: Final = "deployment.kubernetes.io/revision"
_TEMPLATE_HASH: Final = "pod-template-hash"
_REPLICA_SET: Final = "ReplicaSet"


@dataclass(frozen=True)
class Observed:
    """The objects of one deployment at one moment.

    `logs` holds the last lines of `kserve-container` by pod: of its last run where that has
    ended, else of the running one.
    """

    service: Manifest | None
    pods: Sequence[Manifest] = ()
    replica_sets: Sequence[Manifest] = ()
    events: Sequence[Manifest] = ()
    logs: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def newest_replica_set(self) -> Manifest | None:
        """The ReplicaSet of the newest specification: old pods tell of an older one."""
        return max(self.replica_sets, key=_age, default=None)

    def is_current(self, pod: Manifest) -> bool:
        """Say whether a pod is of the newest specification."""
        newest = self.newest_replica_set
        if newest is not None:
            owners = pod["metadata"].get("ownerReferences") or []
            return any(
                owner.get("kind") == _REPLICA_SET
                and owner.get("name") == newest["metadata"]["name"]
                for owner in owners
            )
        latest = max(self.pods, key=_created)
        return labels(pod).get(_TEMPLATE_HASH) == labels(latest).get(_TEMPLATE_HASH)

    @property
    def current_pods(self) -> list[Manifest]:
        """The pods of the newest specification that are not on their way out."""
        return [
            pod
            for pod in self.pods
            if self.is_current(pod) and not pod["metadata"].get("deletionTimestamp")
        ]

    def events_of(self, item: Manifest) -> list[Manifest]:
        """Give the events of one object, oldest first."""
        uid, name = item["metadata"].get("uid"), item["metadata"]["name"]
        found = [
            event
            for event in self.events
            if (event.get("involvedObject") or {}).get("name") == name
            and (event.get("involvedObject") or {}).get("uid") in (None, uid)
        ]
        return sorted(found, key=event_time)


def event_time(event: Manifest) -> str:
    """Read when an event was seen last; there are several fields for it."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event.get("firstTimestamp")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def model_container(pod: Manifest) -> dict[str, Any]:
    """Read the status of the model's container: the pod also holds KServe's `agent`."""
    statuses: list[dict[str, Any]] = (pod.get("status") or {}).get("containerStatuses") or []
    return next((one for one in statuses if one.get("name") == names.KSERVE_CONTAINER), {})


def waiting(container: Mapping[str, Any]) -> tuple[str, str]:
    """Read why a container waits, as reason and message; empty where it does not."""
    state = (container.get("state") or {}).get("waiting") or {}
    return str(state.get("reason") or ""), str(state.get("message") or "")


def last_exit(container: Mapping[str, Any]) -> dict[str, Any]:
    """Read how the last run ended; empty where none has."""
    now: dict[str, Any] = (container.get("state") or {}).get("terminated") or {}
    before: dict[str, Any] = (container.get("lastState") or {}).get("terminated") or {}
    return now or before


def is_running(container: Mapping[str, Any]) -> bool:
    """Say whether the container runs now."""
    return bool((container.get("state") or {}).get("running"))


def condition(item: Manifest, kind: str) -> dict[str, Any]:
    """Read one condition; empty where there is none."""
    found: list[dict[str, Any]] = (item.get("status") or {}).get("conditions") or []
    return next((one for one in found if one.get("type") == kind), {})


def is_stopped(service: Manifest) -> bool:
    """Say whether a deployment is to be stopped."""
    return annotations(service).get(names.STOP) == "true"


def wanted_replicas(service: Manifest) -> int:
    """Read how many pods are asked for; KServe's default is one."""
    predictor = (service.get("spec") or {}).get("predictor") or {}
    least = predictor.get("minReplicas")
    return least if isinstance(least, int) else 1


def claims_of(pods: Sequence[Manifest]) -> Iterator[str]:
    """Name the claims that pods mount."""
    for pod in pods:
        for volume in (pod.get("spec") or {}).get("volumes") or []:
            if source := volume.get("persistentVolumeClaim"):
                yield source.get("claimName", "")


def _age(replica_set: Manifest) -> tuple[int, str]:
    revision = annotations(replica_set).get(_REVISION, "")
    return int(revision) if revision.isdecimal() else 0, _created(replica_set)


def _created(item: Manifest) -> str:
    return str(item["metadata"].get("creationTimestamp") or "")
