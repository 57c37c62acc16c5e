"""OpenShift's projects as an aggregated API: the API server passes requests on, with the user.

A CRD could not do this: everybody who may list would see every project.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Final, Protocol, Self
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from odh_nim.domain.errors import ClusterError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import NAMESPACES, PROJECTS, ApiResource
from odh_nim.sandbox.loopback import LoopbackServer, TlsFiles
from odh_nim.sandbox.openshift import project_view as view
from odh_nim.sandbox.openshift.project_rights import Caller, ProjectRights, Reviewer

_USER: Final = "x-remote-user"
_GROUP: Final = "x-remote-group"
_EXTRA: Final = "x-remote-extra-"
_GROUP_PATH: Final = f"/apis/{PROJECTS.group}"
_VERSION_PATH: Final = f"/apis/{PROJECTS.api_version}"
_REASONS: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    503: "ServiceUnavailable",
}

Endpoint = Callable[[Request], Awaitable[Response]]


class ProjectCluster(Reviewer, Protocol):
    """The calls of an administrator's client."""

    async def get(self, resource: ApiResource, name: str) -> Manifest:
        """Read one object."""
        ...

    async def list(
        self,
        resource: ApiResource,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """Read the objects that a selector picks."""
        ...


class ProjectApi:
    """Serves projects; `async with` starts and stops it.

    `tls.client_ca` must be the authority of the API server's proxy and sign for nobody else: who
    shows its certificate may speak in any user's name.
    """

    def __init__(self, cluster: ProjectCluster, *, tls: TlsFiles, port: int = 0) -> None:
        if tls.client_ca is None:
            message = "without a client authority anybody could speak in any user's name"
            raise ValueError(message)
        self._server = LoopbackServer(project_app(cluster), port=port, tls=tls)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._server.stop()


def project_app(cluster: ProjectCluster, rights: ProjectRights | None = None) -> Starlette:
    """Build the application."""
    api = _Projects(cluster, rights or ProjectRights(cluster))
    documents = {
        "/apis": view.group_list,
        _GROUP_PATH: view.group,
        _VERSION_PATH: view.resource_list,
    }
    projects = f"{_VERSION_PATH}/{PROJECTS.plural}"
    return Starlette(
        routes=[
            *(Route(path, _document(build)) for path, build in documents.items()),
            *(Route(path, _healthy) for path in ("/healthz", "/livez", "/readyz")),
            Route(projects, api.list),
            Route(projects + "/{name}", api.get),
        ],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )


class _Projects:
    def __init__(self, cluster: ProjectCluster, rights: ProjectRights) -> None:
        self._cluster = cluster
        self._rights = rights

    async def list(self, request: Request) -> Response:
        """Answer the projects that the caller sees."""
        caller = caller_of(request.headers)
        if caller is None:
            return _failure(401, "The caller is not named.")
        if request.query_params.get("watch") in ("1", "true"):
            return _failure(405, "Projects cannot be watched here; list them again.")
        try:
            every = await self._cluster.list(
                NAMESPACES,
                label_selector=request.query_params.get("labelSelector"),
                field_selector=request.query_params.get("fieldSelector"),
            )
            visible = await self._rights.visible(caller, every)
        except ClusterError as error:
            return _passed_on(error)
        build = view.project_table if _wants_table(request) else view.project_list
        return JSONResponse(build(visible))

    async def get(self, request: Request) -> Response:
        """Answer one project; one that the caller does not see is forbidden, not missing."""
        caller, name = caller_of(request.headers), request.path_params["name"]
        if caller is None:
            return _failure(401, "The caller is not named.")
        try:
            if not await self._rights.sees(caller, name):
                return _failure(403, _forbidden(caller, name))
            found = await self._cluster.get(NAMESPACES, name)
        except NotFoundError:
            return _failure(404, f'{PROJECTS} "{name}" not found')
        except ClusterError as error:
            return _passed_on(error)
        shown = view.project_table([found]) if _wants_table(request) else view.project_of(found)
        return JSONResponse(shown)


def caller_of(headers: Headers) -> Caller | None:
    """Read who calls, as the API server's proxy tells; None where it does not."""
    name = headers.get(_USER)
    if not name:
        return None
    extra: dict[str, list[str]] = {}
    for field, value in headers.items():
        if field.startswith(_EXTRA):
            extra.setdefault(unquote(field.removeprefix(_EXTRA)), []).append(value)
    return Caller(
        name,
        tuple(headers.getlist(_GROUP)),
        tuple((field, tuple(values)) for field, values in sorted(extra.items())),
    )


def _forbidden(caller: Caller, name: str) -> str:
    return (
        f'{PROJECTS} "{name}" is forbidden: User "{caller.name}" cannot get resource '
        f'"{PROJECTS.plural}" in API group "{PROJECTS.group}" in the namespace "{name}"'
    )


def _wants_table(request: Request) -> bool:
    first = request.headers.get("accept", "").partition(",")[0]
    return "as=Table" in first and "g=meta.k8s.io" in first


def _document(build: Callable[[], Manifest]) -> Endpoint:
    async def document(_: Request) -> Response:
        return JSONResponse(build())

    return document


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _not_found(_: Request, __: Exception) -> Response:
    return _failure(404, "the server could not find the requested resource")


async def _not_allowed(_: Request, __: Exception) -> Response:
    return _failure(405, "Projects can only be read here; change their namespaces.")


def _passed_on(error: ClusterError) -> Response:
    # A selector that cannot be read is the caller's mistake, all else is ours.
    return _failure(400 if error.status == 400 else 503, error.cause)  # noqa: PLR2004 - HTTP


def _failure(status: int, message: str) -> Response:
    return JSONResponse(view.failure(status, _REASONS[status], message), status_code=status)
