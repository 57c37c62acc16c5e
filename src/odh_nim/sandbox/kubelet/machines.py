"""Keeps the sandbox's nodes alive in the eyes of the cluster."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from odh_nim.domain.errors import NotFoundError, OdhNimError
from odh_nim.domain.resources import NODES
from odh_nim.sandbox.kubelet.cluster import KUBELET, KubeletCluster
from odh_nim.sandbox.kubelet.nodes import (
    RENEW_SECONDS,
    Node,
    build_lease,
    build_node,
    build_node_status,
    ready_since,
)

_log: Final = logging.getLogger(__name__)


class Machines:
    """Creates the nodes and renews their signs of life."""

    def __init__(
        self, cluster: KubeletCluster, nodes: Sequence[Node], clock: Callable[[], float]
    ) -> None:
        self._cluster = cluster
        self._nodes = nodes
        self._clock = clock

    async def report(self, log_port: int) -> None:
        """Write every node as healthy.

        Raises:
            ClusterError: A node cannot be written.

        """
        for node in self._nodes:
            await self._report(node, log_port)

    async def run(self, log_port: int) -> None:
        """Renew for ever; also brings back a node that somebody deleted."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.report(log_port)
            except OdhNimError as error:
                _log.warning("The nodes are not renewed: %s", error)

    async def _report(self, node: Node, log_port: int) -> None:
        try:
            since = ready_since(await self._cluster.get(NODES, node.name))
        except NotFoundError:
            since = None
        await self._cluster.apply(build_node(node), force=True, field_manager=KUBELET)
        status = build_node_status(node, log_port=log_port, now=self._clock(), since=since)
        await self._cluster.patch(NODES, node.name, merge={"status": status}, subresource="status")
        await self._cluster.apply(
            build_lease(node, now=self._clock()), force=True, field_manager=KUBELET
        )
