"""A connection to a cluster, and its twin that stores nothing."""

from types import TracebackType
from typing import Self

from odh_nim.cluster.asking import Discovery
from odh_nim.cluster.config import ConnectionConfig
from odh_nim.cluster.requester import Requester
from odh_nim.cluster.retry import Pacing
from odh_nim.cluster.transport import Timeouts, Transport
from odh_nim.cluster.verbs import Verbs


class Client(Verbs):
    """A connection to one cluster; an async context manager."""

    def __init__(
        self,
        config: ConnectionConfig,
        *,
        timeouts: Timeouts | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self._transport = Transport(config, timeouts)
        requester = Requester(self._transport, timeouts, pacing or Pacing())
        super().__init__(config, requester, Discovery())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    def dry_run(self) -> "DryRunClient":
        """Share this connection; whatever is written through it is checked and not stored."""
        return DryRunClient(self.config, self._requester.as_dry_run(), self._discovery)


class DryRunClient(Verbs):
    """The same verbs on the same connection; no write of it is ever stored.

    That is enforced where all requests pass, whatever a verb is told.
    """
