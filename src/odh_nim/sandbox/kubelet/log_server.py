"""What a kubelet serves to the API server: logs, and nothing that would need a real container."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from odh_nim.domain.errors import InputError
from odh_nim.sandbox.kubelet.logs import LoggedPod, NoLogError, open_log, parse_query

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_NOT_IMPLEMENTED: Final = 501
_ACTIONS: Final = ("exec", "attach", "portForward", "run")


class PodSource(Protocol):
    """Where pods are found."""

    def find_pod(self, namespace: str, name: str) -> LoggedPod | None:
        """Find a pod; None where there is none of this name."""
        ...


def log_app(pods: PodSource, clock: Callable[[], float] = time.time) -> Starlette:
    """Build the application."""

    async def container_log(request: Request) -> Response:
        names = request.path_params
        pod = pods.find_pod(names["namespace"], names["pod"])
        if pod is None:
            return PlainTextResponse(f"pod {names['pod']} does not exist", _NOT_FOUND)
        try:
            query = parse_query(request.query_params, clock())
            log = open_log(pod, names["pod"], names["container"], query, clock)
        except (InputError, NoLogError) as error:
            return PlainTextResponse(str(error), _BAD_REQUEST)
        return StreamingResponse(log, media_type="text/plain")

    return Starlette(
        routes=[
            Route("/containerLogs/{namespace}/{pod}/{container}", container_log),
            Route("/healthz", _healthy),
            *(
                Route(f"/{action}/{{rest:path}}", _not_supported, methods=["GET", "POST"])
                for action in _ACTIONS
            ),
        ]
    )


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _not_supported(request: Request) -> Response:
    action = request.url.path.split("/")[1]
    text = f"The sandbox runs no containers: {action} is not supported here."
    return PlainTextResponse(text, _NOT_IMPLEMENTED)
