"""The application: what surrounds the routes, in order from the outside in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from fastapi import FastAPI
from starlette.types import ASGIApp

from odh_nim.web.access_log import AccessLog
from odh_nim.web.built import STATIC
from odh_nim.web.describe import describe_exactly
from odh_nim.web.files import PageFiles
from odh_nim.web.identity import HeaderIdentity, LocalIdentity, LocalSession, Mode
from odh_nim.web.problems import handle_problems
from odh_nim.web.routes import include_routes
from odh_nim.web.security import BodyLimit, SameOrigin, SecurityHeaders
from odh_nim.web.services import Services

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Services]]
# What OpenShift's auth proxies pass on.
TOKEN_HEADER: Final = "X-Forwarded-Access-Token"  # noqa: S105 - a header's name


@dataclass(frozen=True)
class WebConfig:
    """How the server is reached; `hosts` are the names it answers to in local mode."""

    mode: Mode = Mode.HEADER
    token_header: str = TOKEN_HEADER
    session: LocalSession = field(default_factory=LocalSession)
    hosts: frozenset[str] = frozenset()
    frame_ancestors: str = "'none'"
    static: Path = STATIC


def create_api(opening: Opening | None = None) -> FastAPI:
    """Build the API alone; with nothing to open it only describes itself."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assert opening is not None
        async with opening() as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="odh-nim",
        version="v1",
        summary="Serve NVIDIA NIM models with the caller's own rights.",
        openapi_url="/api/v1/openapi.json",
        # Their pages load scripts from elsewhere, which the policy forbids.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    handle_problems(app)
    include_routes(app)
    describe_exactly(app)
    return app


def create_app(config: WebConfig, opening: Opening) -> ASGIApp:
    """Build the server; what it works with is opened when it starts."""
    return guard(PageFiles(create_api(opening), config.static), config)


def guard(api: ASGIApp, config: WebConfig) -> ASGIApp:
    """Put in front of the API whatever decides who gets through, and what goes out."""
    if config.mode is Mode.LOCAL:
        inner: ASGIApp = LocalIdentity(api, session=config.session, hosts=config.hosts)
    else:
        inner = HeaderIdentity(api, header=config.token_header)
    guarded = SameOrigin(BodyLimit(inner))
    return AccessLog(SecurityHeaders(guarded, frame_ancestors=config.frame_ancestors))
