"""Logs for machines: one JSON object a line, without query strings, bodies, headers or names."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from odh_nim.domain.errors import printable

_LOG: Final = logging.getLogger("odh_nim.web.access")
_LONGEST: Final = 300
# The kubelet asks every few seconds.
_QUIET: Final = ("/healthz", "/readyz")


class AccessLog:
    """ASGI: write down each request when its answer begins and how long it took."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            _LOG.info(
                "request",
                extra={
                    "facts": {
                        "method": scope["method"],
                        "path": printable(scope["path"], _LONGEST),
                        "status": status,
                        "ms": round((time.monotonic() - started) * 1000),
                    }
                },
            )


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; control characters cannot end a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info is not None and record.exc_info[0] is not None:
            # The class alone: a text may hold what was sent.
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=True)


def write_json_logs(level: int = logging.INFO) -> None:
    """Let every logger write JSON to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These would say what is sent and received.
    for name in ("httpx2", "httpcore2", "hpack", "urllib3", "odh_nim.cluster"):
        logging.getLogger(name).setLevel(logging.WARNING)
