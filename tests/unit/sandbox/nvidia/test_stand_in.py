"""The stand-in answers as NVIDIA's API and registry do."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from odh_nim.sandbox.nvidia import DUMMY_KEYS, NvidiaStandIn, SeedModel, dummy_key
from odh_nim.sandbox.nvidia.app import StandInApp
from odh_nim.sandbox.nvidia.faults import FaultLayer
from odh_nim.sandbox.nvidia.state import StandInState

RECORDED = Path(__file__).parents[5] / "shared" / "data" / "ngc"
SEARCH = "/v2/search/catalog/resources/CONTAINER"
CHECK = "/v3/keys/get-caller-info"
MODEL = "/v2/org/nim/team/meta/repos/llama"
MANIFEST = "/v2/nim/meta/llama/manifests/1.8"
MODELS = (
    SeedModel(
        "nim",
        "meta",
        "llama",
        display_name="Llama",
        short_description="A model",
        publisher="Meta",
        tags=("1.8", "latest"),
        latest_tag="latest",
        updated_date="2026-01-09T19:00:37.264Z",
        size_bytes=12,
        architectures=("amd64", "arm64"),
        eu_restricted=True,
    ),
    SeedModel("nim", "other", "llama", tags=("2",), latest_tag="2"),
    SeedModel("nim", "meta", "third", tags=("3",), latest_tag="3"),
)


@asynccontextmanager
async def caller(state: StandInState | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    state = state or StandInState.of(MODELS)
    transport = httpx2.ASGITransport(FaultLayer(StandInApp(state).build(), state))
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in") as client:
        yield client


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {dummy_key(name).value}"}


def query(page: int = 0, size: int = 100) -> dict[str, str]:
    return {"q": json.dumps({"query": "orgName:nim", "page": page, "pageSize": size})}


async def token_for(client: httpx2.AsyncClient, name: str, repository: str) -> httpx2.Response:
    return await client.get(
        "/proxy_auth",
        params={"scope": f"repository:{repository}:pull"},
        auth=("$oauthtoken", dummy_key(name).value),
    )


async def check(client: httpx2.AsyncClient, value: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {value}"}
    return await client.post(CHECK, data={"credentials": value}, headers=headers)


@pytest.mark.anyio
async def test_search_gives_pages_and_repeats_the_best_hits() -> None:
    async with caller() as client:
        first = (await client.get(SEARCH, params=query(0, 2))).json()
        second = (await client.get(SEARCH, params=query(1, 2))).json()

    groups = {group["groupValue"]: group["resources"] for group in first["results"]}
    assert (first["resultTotal"], first["resultPageTotal"]) == (3, 2)
    assert [item["resourceId"] for item in groups["CONTAINER"]] == [
        "nim/meta/llama",
        "nim/other/llama",
    ]
    assert groups["_scored"] == groups["CONTAINER"]
    assert second["params"]["page"] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["", "no json", "[]", '{"page": "x"}', "5"])
async def test_search_without_a_readable_query_is_refused(text: str) -> None:
    async with caller() as client:
        answer = await client.get(SEARCH, params={"q": text})

    assert answer.status_code == 400
    assert answer.json()["requestStatus"]["statusCode"] == "INVALID_REQUEST"


@pytest.mark.anyio
@pytest.mark.parametrize("key", DUMMY_KEYS, ids=lambda key: key.name)
async def test_each_dummy_key_is_checked_as_it_says(key: Any) -> None:
    async with caller() as client:
        answer = await check(client, key.value)

    assert answer.status_code == key.check
    if key.silent:
        assert answer.content == b""
    elif key.check == 200:
        assert answer.json()["type"] == key.type
        assert tuple(answer.json()["products"]) == key.products


@pytest.mark.anyio
async def test_form_and_header_must_hold_one_key() -> None:
    async with caller() as client:
        form = {"credentials": dummy_key("good").value}
        mixed = await client.post(CHECK, data=form, headers=bearer("second"))
        unknown = await check(client, "nvapi-NOBODY-KNOWS-THIS-000000")

    assert (mixed.status_code, unknown.status_code) == (401, 401)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("good", MODEL, 200),
        ("expired", MODEL, 401),
        ("europe", MODEL, 451),
        ("good", "/v2/org/nim/team/nobody/repos/llama", 404),
        ("europe", "/v2/org/nim/team/meta/repos/third", 200),
    ],
)
async def test_model_is_answered_by_key_and_region(name: str, path: str, status: int) -> None:
    async with caller() as client:
        answer = await client.get(path, headers=bearer(name))

    assert answer.status_code == status
    assert (answer.content == b"") is (status == 451)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("good", MANIFEST, 200),
        ("catalog-only", MANIFEST, 402),
        ("no-terms", MANIFEST, 403),
        ("good", "/v2/nim/meta/llama/manifests/9", 404),
        ("good", f"/v2/nim/meta/llama/manifests/sha256:{'a' * 64}", 200),
        ("europe", MANIFEST, 451),
    ],
)
async def test_registry_answers_a_token_by_key_and_image(name: str, path: str, status: int) -> None:
    async with caller() as client:
        token = (await token_for(client, name, "nim/meta/llama")).json()["token"]
        answer = await client.head(path, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == status


@pytest.mark.anyio
async def test_token_is_for_one_repository() -> None:
    async with caller() as client:
        token = (await token_for(client, "good", "nim/meta/llama")).json()["token"]
        other = "/v2/nim/other/llama/manifests/2"
        answer = await client.get(other, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert 'realm="http://stand-in/proxy_auth"' in answer.headers["www-authenticate"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + base64.b64encode(b"somebody:else").decode()},
        {
            "Authorization": "Basic "
            + base64.b64encode(f"root:{dummy_key('good').value}".encode()).decode()
        },
    ],
)
async def test_token_is_given_for_a_key_under_the_right_user_only(
    headers: Mapping[str, str],
) -> None:
    async with caller() as client:
        answer = await client.get("/proxy_auth", headers=dict(headers))

    assert answer.status_code == 401


@pytest.mark.anyio
async def test_manifest_is_an_index_of_the_models_architectures() -> None:
    async with caller() as client:
        token = (await token_for(client, "good", "nim/meta/llama")).json()["token"]
        answer = await client.get(MANIFEST, headers={"Authorization": f"Bearer {token}"})

    platforms = [item["platform"]["architecture"] for item in answer.json()["manifests"]]
    assert platforms == ["amd64", "arm64"]
    assert answer.headers["docker-content-digest"].startswith("sha256:")


@pytest.mark.anyio
async def test_revoked_key_is_refused_everywhere_at_once() -> None:
    """R-KEY-04."""
    state = StandInState.of(MODELS)
    async with caller(state) as client:
        token = (await token_for(client, "good", "nim/meta/llama")).json()["token"]
        state.revoked.add("good")
        answers = [
            await check(client, dummy_key("good").value),
            await client.get(MODEL, headers=bearer("good")),
            await token_for(client, "good", "nim/meta/llama"),
            await client.get(MANIFEST, headers={"Authorization": f"Bearer {token}"}),
        ]

    assert {answer.status_code for answer in answers} == {401}


@pytest.mark.anyio
async def test_shipped_seed_offers_every_model_once() -> None:
    async with NvidiaStandIn() as stand_in:
        models = stand_in.state.models.values()

        assert len(models) == 186
        assert sum(model.eu_restricted for model in models) == 4
        assert all(model.latest_tag in model.tags for model in models if model.latest_tag)


def keys_of(value: Any, path: str = "") -> set[str]:
    """Give the paths of all fields, lists flattened."""
    if isinstance(value, dict):
        return {
            found
            for name, item in value.items()
            for found in {f"{path}/{name}", *keys_of(item, f"{path}/{name}")}
        }
    if isinstance(value, list):
        return {found for item in value for found in keys_of(item, path)}
    return set()


@pytest.mark.anyio
@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded replies beside the checkout")
async def test_every_field_of_the_stand_in_is_one_of_nvidias() -> None:
    page = json.loads((RECORDED / "catalog" / "page_0_size_100.json").read_text())
    details = json.loads((RECORDED / "real" / "model_tags.json").read_text())
    cases = json.loads((RECORDED / "caller_info.json").read_text())["cases"]
    async with caller() as client:
        search = (await client.get(SEARCH, params=query())).json()
        model = (await client.get(MODEL, headers=bearer("good"))).json()
        info = (await check(client, dummy_key("good").value)).json()

    known = {field for case in cases for field in keys_of(case.get("body"))}
    assert keys_of(search) - keys_of(page) == set()
    assert keys_of(model) - keys_of(details) == set()
    assert keys_of(info) - known == set()
