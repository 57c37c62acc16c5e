import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from odh_nim.domain.errors import NotFoundError, RejectedError, UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.sandbox.certificates import ensure_certificates
from odh_nim.sandbox.loopback import TlsFiles
from odh_nim.sandbox.openshift.project_api_objects import HOST, project_api_objects
from odh_nim.sandbox.openshift.project_rights import ProjectRights
from odh_nim.sandbox.openshift.projects import ProjectApi, project_app

PROJECTS = "/apis/project.openshift.io/v1/projects"
ALICE = {"X-Remote-User": "alice", "X-Remote-Group": "system:authenticated"}
ADMIN = {"X-Remote-User": "admin"}


def namespace(name: str, version: str = "7", **annotations: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": version,
            "annotations": annotations,
            "managedFields": [{"manager": "somebody"}],
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


class Cluster:
    """Holds namespaces; `allowed` names what users see, `*` for all."""

    def __init__(self, **allowed: str) -> None:
        self.namespaces = [namespace("team-a", "8"), namespace("team-b", "11")]
        self.allowed = allowed
        self.reviews: list[Manifest] = []
        self.selectors: list[tuple[str | None, str | None]] = []
        self.error: Exception | None = None

    async def create(self, manifest: Manifest) -> Manifest:
        if self.error:
            raise self.error
        self.reviews.append(manifest["spec"])
        wanted = manifest["spec"]["resourceAttributes"].get("name", "*")
        allowed = self.allowed.get(manifest["spec"]["user"]) == wanted
        return {**manifest, "status": {"allowed": allowed}}

    async def get(self, resource: ApiResource, name: str) -> Manifest:
        for item in self.namespaces:
            if item["metadata"]["name"] == name:
                return item
        raise NotFoundError(f"get {resource.kind}/{name}", "not found", status=404)

    async def list(
        self,
        resource: ApiResource,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        if self.error:
            raise self.error
        self.selectors.append((label_selector, field_selector))
        return self.namespaces


@asynccontextmanager
async def caller(cluster: Cluster, **more: Any) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(project_app(cluster, **more))
    async with httpx2.AsyncClient(transport=transport, base_url="https://projects") as client:
        yield client


def names(answer: httpx2.Response) -> list[str]:
    return [item["metadata"]["name"] for item in answer.json()["items"]]


@pytest.mark.anyio
async def test_everybody_sees_their_own_projects_only() -> None:
    """R-EXT-07."""
    async with caller(Cluster(alice="team-a", admin="*")) as client:
        assert names(await client.get(PROJECTS, headers=ALICE)) == ["team-a"]
        assert names(await client.get(PROJECTS, headers=ADMIN)) == ["team-a", "team-b"]
        assert names(await client.get(PROJECTS, headers={"X-Remote-User": "bob"})) == []


@pytest.mark.anyio
async def test_project_shows_what_a_namespace_tells() -> None:
    cluster = Cluster(admin="*")
    cluster.namespaces = [namespace("team-a", **{"openshift.io/display-name": "Team A"})]

    async with caller(cluster) as client:
        project = (await client.get(f"{PROJECTS}/team-a", headers=ADMIN)).json()

    assert project == {
        "apiVersion": "project.openshift.io/v1",
        "kind": "Project",
        "metadata": {
            "name": "team-a",
            "uid": "uid-team-a",
            "resourceVersion": "7",
            "annotations": {"openshift.io/display-name": "Team A"},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


@pytest.mark.anyio
async def test_project_of_others_is_forbidden_whether_it_exists_or_not() -> None:
    async with caller(Cluster(alice="team-a")) as client:
        there = await client.get(f"{PROJECTS}/team-b", headers=ALICE)
        missing = await client.get(f"{PROJECTS}/nowhere", headers=ALICE)

    assert (there.status_code, there.json()["reason"]) == (403, "Forbidden")
    assert there.json()["message"].replace("team-b", "nowhere") == missing.json()["message"]


@pytest.mark.anyio
async def test_missing_project_is_not_found_for_who_sees_all() -> None:
    async with caller(Cluster(admin="*")) as client:
        answer = await client.get(f"{PROJECTS}/nowhere", headers=ADMIN)

    assert (answer.status_code, answer.json()["kind"]) == (404, "Status")


@pytest.mark.anyio
async def test_request_without_a_user_is_refused() -> None:
    cluster = Cluster(admin="*")

    async with caller(cluster) as client:
        answers = [await client.get(PROJECTS), await client.get(f"{PROJECTS}/team-a")]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert cluster.reviews == []


@pytest.mark.anyio
async def test_groups_and_extra_fields_go_into_the_review() -> None:
    cluster = Cluster()
    headers = [
        ("X-Remote-User", "system:serviceaccount:team-a:robot"),
        ("X-Remote-Group", "system:serviceaccounts"),
        ("X-Remote-Group", "system:authenticated"),
        ("X-Remote-Extra-Example.org%2fscope", "one"),
        ("X-Remote-Extra-Example.org%2fscope", "two"),
    ]

    async with caller(cluster) as client:
        await client.get(f"{PROJECTS}/team-a", headers=headers)

    review = cluster.reviews[-1]
    assert review["user"] == "system:serviceaccount:team-a:robot"
    assert review["groups"] == ["system:serviceaccounts", "system:authenticated"]
    assert review["extra"] == {"example.org/scope": ["one", "two"]}
    assert review["resourceAttributes"] == {
        "verb": "get",
        "resource": "namespaces",
        "version": "v1",
        "name": "team-a",
        "namespace": "team-a",
    }


@pytest.mark.anyio
async def test_answers_are_kept_for_a_moment_and_for_one_user() -> None:
    cluster, now = Cluster(alice="team-a"), [0.0]
    rights = ProjectRights(cluster, clock=lambda: now[0])

    async with caller(cluster, rights=rights) as client:
        await client.get(PROJECTS, headers=ALICE)
        asked = len(cluster.reviews)
        await client.get(PROJECTS, headers=ALICE)
        assert len(cluster.reviews) == asked
        assert names(await client.get(PROJECTS, headers={"X-Remote-User": "bob"})) == []
        cluster.allowed["alice"] = "team-b"
        now[0] = 2.5
        assert names(await client.get(PROJECTS, headers=ALICE)) == ["team-b"]


@pytest.mark.anyio
async def test_selectors_are_left_to_the_real_api_server() -> None:
    cluster = Cluster(admin="*")
    parameters = {"labelSelector": "a in (b)", "fieldSelector": "metadata.name=team-a"}

    async with caller(cluster) as client:
        await client.get(PROJECTS, headers=ADMIN, params=parameters)

    assert cluster.selectors == [("a in (b)", "metadata.name=team-a")]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RejectedError("list Namespace", "unable to parse", status=400), 400),
        (UnreachableError("list Namespace", "no connection"), 503),
    ],
)
async def test_fault_of_the_api_server_is_passed_on(error: Exception, status: int) -> None:
    cluster = Cluster(admin="*")
    cluster.error = error

    async with caller(cluster) as client:
        answer = await client.get(PROJECTS, headers=ADMIN)

    assert (answer.status_code, answer.json()["code"]) == (status, status)


@pytest.mark.anyio
async def test_kubectl_gets_a_table() -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

    async with caller(Cluster(admin="*")) as client:
        many = (await client.get(PROJECTS, headers=ADMIN | {"Accept": accept})).json()
        one = (await client.get(f"{PROJECTS}/team-a", headers=ADMIN | {"Accept": accept})).json()

    assert [row["cells"] for row in many["rows"]] == [
        ["team-a", "", "Active"],
        ["team-b", "", "Active"],
    ]
    assert (many["kind"], many["metadata"]["resourceVersion"]) == ("Table", "11")
    assert len(one["rows"]) == 1


@pytest.mark.anyio
async def test_discovery_tells_of_one_readable_type() -> None:
    async with caller(Cluster()) as client:
        groups = (await client.get("/apis")).json()
        group = (await client.get("/apis/project.openshift.io")).json()
        resources = (await client.get("/apis/project.openshift.io/v1")).json()
        openapi = await client.get("/openapi/v2")

    assert [item["name"] for item in groups["groups"]] == ["project.openshift.io"]
    assert group["preferredVersion"]["groupVersion"] == "project.openshift.io/v1"
    assert [(item["name"], item["verbs"]) for item in resources["resources"]] == [
        ("projects", ["get", "list"])
    ]
    assert openapi.status_code == 404


@pytest.mark.anyio
async def test_writes_and_watches_are_refused_in_words() -> None:
    async with caller(Cluster(admin="*")) as client:
        answers = [
            await client.post(PROJECTS, headers=ADMIN, json={}),
            await client.delete(f"{PROJECTS}/team-a", headers=ADMIN),
            await client.get(PROJECTS, headers=ADMIN, params={"watch": "true"}),
        ]

    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {
        (405, "MethodNotAllowed")
    }


@pytest.mark.anyio
async def test_only_the_api_servers_proxy_is_heard(tmp_path: Path) -> None:
    """R-EXT-07: nobody else on the machine may speak in a user's name."""
    folder = tmp_path / "certificates"
    ensure_certificates(folder)
    server = folder / "project-api"
    tls = TlsFiles(server / "tls.crt", server / "tls.key", folder / "front-proxy-ca.crt")
    trusting = ssl.create_default_context(cafile=folder / "ca.crt")
    proxy = ssl.create_default_context(cafile=folder / "ca.crt")
    proxy.load_cert_chain(folder / "front-proxy.crt", folder / "front-proxy.key")

    async with ProjectApi(Cluster(admin="*"), tls=tls) as api:
        url = f"https://127.0.0.1:{api.port}{PROJECTS}"
        async with httpx2.AsyncClient(verify=proxy, trust_env=False) as client:
            answer = await client.get(url, headers=ADMIN)
        async with httpx2.AsyncClient(verify=trusting, trust_env=False) as client:
            with pytest.raises(httpx2.TransportError):
                await client.get(url, headers=ADMIN)

    assert names(answer) == ["team-a", "team-b"]


def test_server_without_a_client_authority_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="any user's name"):
        ProjectApi(Cluster(), tls=TlsFiles(tmp_path / "crt", tmp_path / "key"))


def test_objects_point_the_api_server_at_the_stand_in() -> None:
    namespace_, service, api_service = project_api_objects(port=4711, ca_pem=b"authority")

    assert namespace_["metadata"]["name"] == service["metadata"]["namespace"]
    assert service["spec"] == {"type": "ExternalName", "externalName": "localhost"}
    assert api_service["metadata"]["name"] == "v1.project.openshift.io"
    called = api_service["spec"]["service"]
    assert called["port"] == 4711
    assert f"{called['name']}.{called['namespace']}.svc" == HOST
    assert api_service["spec"]["caBundle"] == "YXV0aG9yaXR5"


@pytest.mark.anyio
async def test_many_projects_are_asked_for_a_few_at_a_time() -> None:
    cluster = Cluster(alice="team-a")
    cluster.namespaces = [namespace(f"team-{number}") for number in range(60)]
    running, most = 0, 0
    ask = cluster.create

    async def slow(manifest: Manifest) -> Manifest:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return await ask(manifest)

    cluster.create = slow  # type: ignore[method-assign]  # the same call, watched

    async with caller(cluster) as client:
        await client.get(PROJECTS, headers=ALICE)

    assert most == 16
