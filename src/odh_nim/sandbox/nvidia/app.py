"""The stand-in's routes: catalogue, key check, models, registry, control."""

import hashlib
import json
import math
import random
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from odh_nim.domain.names import REGISTRY_USER
from odh_nim.sandbox.nvidia.dummy_keys import DUMMY_KEYS, DummyKey, recognize
from odh_nim.sandbox.nvidia.faults import CONTROL_PATH, basic_login
from odh_nim.sandbox.nvidia.seeds import SeedModel
from odh_nim.sandbox.nvidia.state import StandInState, Switches

_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_STATUS_CODES: Final = {
    400: "INVALID_REQUEST",
    401: "UNAUTHORIZED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
}
_SCORED: Final = 3
_ENDLESS: Final = 1_000_000
# What the real answer tells about a person; a client must leave it unread.
_PERSON: Final = {
    "id": 100001,
    "name": "Sandbox Person",
    "email": "person@sandbox.invalid",
    "roles": [{"org": {"id": 200001, "name": "sandbox-org"}, "orgRoles": ["REGISTRY-READ"]}],
}


@dataclass(frozen=True)
class StandInApp:
    """The handlers; all of them read the one state."""

    state: StandInState

    def build(self) -> Starlette:
        """Build the application."""
        model = "/v2/org/{org}/team/{team}/repos/{name}"
        manifest = "/v2/{repository:path}/manifests/{reference}"
        return Starlette(
            routes=[
                Route("/v2/search/catalog/resources/CONTAINER", self.search),
                Route("/v3/keys/get-caller-info", self.caller_info, methods=["POST"]),
                Route(model, self.model),
                Route("/v2/nim/metadata", self.metadata),
                Route("/proxy_auth", self.token),
                Route("/v2/", self.ping),
                Route(manifest, self.manifest),
                Route(CONTROL_PATH, self.control, methods=["GET", "PUT", "DELETE"]),
                Route(CONTROL_PATH + "/keys", self.keys),
                Route(CONTROL_PATH + "/journal", self.journal, methods=["GET", "DELETE"]),
            ],
            exception_handlers={404: _not_found},
        )

    async def search(self, request: Request) -> Response:
        """Answer one page of the catalogue."""
        try:
            query = json.loads(request.query_params.get("q", ""))
            page, size = int(query.get("page", 0)), int(query.get("pageSize", 25))
        except (ValueError, AttributeError, TypeError):
            return _error(400, "q is no JSON object")
        models = list(self.state.models.values())
        if self.state.shuffled:
            random.shuffle(models)
        part = [_resource(model) for model in models[page * size : (page + 1) * size]]
        total, pages = len(models), math.ceil(len(models) / size)
        if self.state.endless:
            part = [_resource(SeedModel("nim", "endless", f"m{page}", latest_tag="1"))]
            total = pages = _ENDLESS
        groups = [
            {"groupValue": "_scored", "totalCount": len(part), "resources": part[:_SCORED]},
            {"groupValue": "CONTAINER", "totalCount": len(part), "resources": part},
        ]
        return JSONResponse(
            {
                "resultTotal": total,
                "resultPageTotal": pages,
                "params": {"page": page, "pageSize": size, "groupBy": "resourceType"},
                "results": groups,
            }
        )

    async def caller_info(self, request: Request) -> Response:
        """Check a key; form and header must hold the same one."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        value = form.get("credentials", [""])[0]
        key = recognize(value)
        status = self.state.status_of(key)
        if key is None or _bearer(request) not in ("", value):
            return _error(401, "This is no key of the sandbox")
        if status != 200:  # noqa: PLR2004 - the status of a valid key
            return _error(status, "The key is refused")
        if key.silent:
            return Response(status_code=200)
        person = _PERSON if key.type == "PERSONAL_KEY" else None
        return JSONResponse(
            {
                "orgName": "sandbox-org",
                "type": key.type,
                "products": list(key.products),
                "user": person,
            }
        )

    async def model(self, request: Request) -> Response:
        """Tell about one model."""
        key = recognize(_bearer(request))
        if key is None or self.state.status_of(key) != 200:  # noqa: PLR2004 - as above
            return _error(401, "The key is refused")
        repository = "{org}/{team}/{name}".format(**request.path_params)
        model = self.state.models.get(repository)
        if model is None:
            return _error(404, "No such repository")
        if self.state.restricted(key, model):
            return Response(status_code=451)
        return JSONResponse(_details(model))

    async def metadata(self, request: Request) -> Response:
        """Tell what is published about one tag; no key is needed."""
        resource_id, tag = (request.query_params.get(name, "") for name in ("resourceId", "tag"))
        if not resource_id or not tag:
            return _error(400, "resourceId and tag are required")
        model = self.state.models.get(resource_id)
        if model is None or not model.profiles or tag not in model.tags:
            return _error(404, "No metadata is published")
        profiles = [
            {name: value for name, value in msgspec.to_builtins(each).items() if value is not None}
            for each in model.profiles
        ]
        return JSONResponse({"profiles": profiles, "release_details": {"version": tag}})

    async def token(self, request: Request) -> Response:
        """Give a token of the registry for a key."""
        user, password = basic_login(request.headers.get("authorization", "").partition(" ")[2])
        key = recognize(password)
        if user != REGISTRY_USER or key is None or self.state.status_of(key) != 200:  # noqa: PLR2004
            return _error(401, "The key is refused")
        scope = request.query_params.get("scope", "").split(":")
        repository = scope[1] if len(scope) == 3 else ""  # noqa: PLR2004 - repository:path:pull
        token = f"sandbox-token-{secrets.token_urlsafe(24)}"
        self.state.tokens[token] = (key, repository)
        return JSONResponse({"token": token, "expires_in": 600})

    async def ping(self, request: Request) -> Response:
        """Answer the registry's root: who is known, and where a token is given."""
        if _bearer(request) in self.state.tokens:
            return JSONResponse({})
        return _challenge(request, "")

    async def manifest(self, request: Request) -> Response:
        """Answer a manifest, or say why not."""
        repository = request.path_params["repository"]
        reference = request.path_params["reference"]
        key, allowed = self.state.tokens.get(_bearer(request), (None, ""))
        if key is None or allowed != repository or self.state.status_of(key) != 200:  # noqa: PLR2004
            return _challenge(request, repository)
        model = self.state.models.get(repository)
        status = pull_status(self.state, key, model, reference)
        if model is None or status != 200:  # noqa: PLR2004 - as above
            return _registry_error(status)
        body = json.dumps(_index(model, reference)).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        headers = {"Docker-Content-Digest": digest}
        return Response(body, media_type=_INDEX, headers=headers)

    async def control(self, request: Request) -> Response:
        """Show, change or take back the switches."""
        if request.method == "PUT":
            try:
                self.state.switch(msgspec.json.decode(await request.body(), type=Switches))
            except msgspec.MsgspecError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        elif request.method == "DELETE":
            self.state.reset()
        return JSONResponse(self.state.describe())

    async def keys(self, _: Request) -> Response:
        """List the dummy keys."""
        return JSONResponse([{"key": key.value, "about": key.about} for key in DUMMY_KEYS])

    async def journal(self, request: Request) -> Response:
        """Show or empty the journal."""
        if request.method == "DELETE":
            self.state.journal.clear()
        return JSONResponse(msgspec.to_builtins(list(self.state.journal)))


def pull_status(state: StandInState, key: DummyKey, model: SeedModel | None, reference: str) -> int:
    """Say with which status a manifest is answered: 200, 402, 403, 404 or 451."""
    if key.pull != 200:  # noqa: PLR2004 - the status of a pull that is allowed
        return key.pull
    if model is None:
        return 404
    if state.restricted(key, model):
        return 451
    if model.repository in state.gated:
        return state.gated[model.repository]
    known = reference in model.tags or reference.startswith("sha256:")
    return 200 if known else 404


def _bearer(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else ""


def _error(status: int, text: str) -> Response:
    code = _STATUS_CODES[status]
    return JSONResponse(
        {"requestStatus": {"statusCode": code, "statusDescription": text}}, status_code=status
    )


async def _not_found(_: Request, __: Exception) -> Response:
    return _error(404, "No such path")


def _registry_error(status: int) -> Response:
    code = {404: "MANIFEST_UNKNOWN", 403: "DENIED"}.get(status, "UNAVAILABLE")
    return JSONResponse({"errors": [{"code": code, "message": ""}]}, status_code=status)


def _challenge(request: Request, repository: str) -> Response:
    realm = f"{request.url.scheme}://{request.url.netloc}/proxy_auth"
    scope = f',scope="repository:{repository}:pull"' if repository else ""
    headers = {"WWW-Authenticate": f'Bearer realm="{realm}"{scope}'}
    error = {"errors": [{"code": "UNAUTHORIZED", "message": ""}]}
    return JSONResponse(error, status_code=401, headers=headers)


def _resource(model: SeedModel) -> dict[str, Any]:
    attributes = {
        "latestTag": model.latest_tag,
        "size": str(model.size_bytes),
        "latestTagPushedDate": model.updated_date,
    }
    return {
        "orgName": model.org,
        "teamName": model.team,
        "resourceId": model.repository,
        "resourceType": "CONTAINER",
        "name": model.name,
        "displayName": model.display_name,
        "description": model.short_description,
        "labels": [{"key": "publisher", "values": [model.publisher]}],
        "attributes": [{"key": key, "value": value} for key, value in attributes.items() if value],
    }


def _details(model: SeedModel) -> dict[str, Any]:
    variants = [
        {
            "architecture": architecture,
            "os": "linux",
            "compressedSize": model.size_bytes,
            "digest": _digest(model, model.latest_tag, architecture),
        }
        for architecture in model.architectures
    ]
    return {
        "name": model.name,
        "namespace": f"{model.org}/{model.team}",
        "displayName": model.display_name,
        "shortDescription": model.short_description,
        "description": "",
        "publisher": model.publisher,
        "tags": list(model.tags),
        "latestTag": model.latest_tag,
        "updatedDate": model.updated_date,
        "latestImageSize": model.size_bytes,
        "latestArchitectureVariants": variants,
        "isMultiArchitecture": len(model.architectures) > 1,
        "isMultinodeEnabled": False,
        "labels": ["_LABEL_FAILED_TO_RESOLVE_"],
        **({"nim": {"nim_type": model.nim_type}} if model.nim_type else {}),
    }


def _index(model: SeedModel, reference: str) -> dict[str, Any]:
    manifests = [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": _digest(model, reference, architecture),
            "size": 1000,
            "platform": {"architecture": architecture, "os": "linux"},
        }
        for architecture in model.architectures
    ]
    return {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}


def _digest(model: SeedModel, reference: str, architecture: str) -> str:
    text = f"{model.repository}:{reference}:{architecture}"
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
