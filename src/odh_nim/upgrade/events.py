"""An Event beside the report: what `kubectl get events` and consoles show."""

import datetime as dt
import secrets
from typing import Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade.apply import Report

_MOST: Final = 1000


class EventCluster(Protocol):
    """The one call that an Event needs."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""


async def announce(cluster: EventCluster, report: Report) -> None:
    """Write an Event about the report's ConfigMap."""
    if report.namespace:
        await cluster.create(build_event(report))


def build_event(report: Report) -> Manifest:
    """Say in one sentence how a clean-up ended."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fine = sum(one.is_fine for one in report.outcomes)
    text = f"{fine} of {len(report.outcomes)} steps done."
    if report.left:
        text += f" Left: {'; '.join(report.left)}"
    text = " ".join([text, *report.advice])
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{names.UPGRADE_REPORT}.{secrets.token_hex(8)}",
            "namespace": report.namespace,
        },
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": names.UPGRADE_REPORT,
            "namespace": report.namespace,
        },
        "type": "Warning" if report.left else "Normal",
        "reason": "UpgradeWaiting" if report.left else "UpgradeFinished",
        "message": text[:_MOST],
        "source": {"component": names.FIELD_MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
