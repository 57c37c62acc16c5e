"""A release replaces the catalogue of the one before, on a real API server."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml
from hypothesis import given, settings

from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.store import render_manifest
from odh_nim.cluster import Client
from odh_nim.domain.errors import RejectedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.names import CATALOG_CONFIG_MAP
from odh_nim.domain.resources import CONFIG_MAPS
from odh_nim.sandbox.shipped import resolve_overlay
from odh_nim.sandbox.testing import ControlPlane
from support.any_answers import answers, fetch

ROOT = Path(__file__).parents[3]
needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not on PATH: its own ways are not tried"
)


def release(number: int, namespace: str, *, immutable: bool = True) -> Manifest:
    model = Model("m", "m", "nim/meta/m", (f"{number}.0.0",))
    manifest = build_config_map([model], date="2026-01-01", namespace=namespace)
    if not immutable:
        del manifest["immutable"]
    return manifest


def kubectl(
    plane: ControlPlane, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", *arguments],
        input=stdin,
        env=os.environ | plane.environment("admin"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.anyio
async def test_changed_release_is_not_applied_over_the_one_before(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-CAT-14; F13: 422, and the old one serves on."""
    async with Client(control_plane.admin) as admin:
        await admin.apply(release(1, namespace))
        await admin.apply(release(1, namespace))
        with pytest.raises(RejectedError, match="immutable") as refused:
            await admin.apply(release(2, namespace), force=True)

        found = await admin.get(CONFIG_MAPS, CATALOG_CONFIG_MAP, namespace)

    assert refused.value.status == 422
    assert "1.0.0" in found["data"]["m"]


@pytest.mark.anyio
async def test_catalogue_that_is_embedded_in_an_operator_is_applied_in_place(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-CAT-14: the overlay that drops the mark."""
    async with Client(control_plane.admin) as admin:
        for number in (1, 2):
            await admin.apply(release(number, namespace, immutable=False), force=True)

        found = await admin.get(CONFIG_MAPS, CATALOG_CONFIG_MAP, namespace)

    assert "2.0.0" in found["data"]["m"]


@needs_kubectl
@pytest.mark.parametrize(
    ("way", "works"),
    [
        pytest.param(("replace", "--force"), True, id="replace --force"),
        pytest.param(("apply", "--force"), True, id="apply --force"),
        pytest.param(("apply",), False, id="apply"),
        pytest.param(
            ("apply", "--server-side", "--force-conflicts"), False, id="apply --server-side"
        ),
        pytest.param(("replace",), False, id="replace"),
    ],
)
def test_ways_of_kubectl_to_the_next_release(
    control_plane: ControlPlane,
    namespace: str,
    way: tuple[str, ...],
    works: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """R-CAT-14: what the guide says about each."""
    old, new = (render_manifest(release(number, namespace)) for number in (1, 2))
    server_side = way[1:2] if "--server-side" in way else ()
    assert kubectl(control_plane, "apply", *server_side, "-f", "-", stdin=old).returncode == 0

    outcome = kubectl(control_plane, *way, "-f", "-", stdin=new)

    assert (outcome.returncode == 0) is works, outcome.stderr
    assert works or "immutable" in outcome.stderr
    stored = kubectl(
        control_plane, "get", "cm", CATALOG_CONFIG_MAP, "-n", namespace, "-o", "yaml"
    ).stdout
    assert ("2.0.0" in yaml.safe_load(stored)["data"]["m"]) is works


@pytest.mark.anyio
async def test_base_is_accepted_by_the_api_server(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-TPL-07: every object, by server-side apply, nothing stored."""
    async with Client(control_plane.admin) as admin:
        for manifest in resolve_overlay("base"):
            stored = await admin.apply(manifest, namespace=namespace, force=True, dry_run=True)
            assert stored["metadata"]["name"] == manifest["metadata"]["name"]

        assert CATALOG_CONFIG_MAP not in {
            each["metadata"]["name"] for each in await admin.list(CONFIG_MAPS, namespace)
        }


@needs_kubectl
def test_base_is_accepted_as_kubectl_sends_it(control_plane: ControlPlane, namespace: str) -> None:
    """R-TPL-07."""
    outcome = kubectl(
        control_plane,
        *("apply", "--server-side", "--dry-run=server", "-n", namespace),
        *("-k", str(ROOT / "config" / "base")),
    )

    assert outcome.returncode == 0, outcome.stderr
    assert f"configmap/{CATALOG_CONFIG_MAP} serverside-applied (server dry run)" in outcome.stdout


@contextmanager
def http(plane: ControlPlane, folder: Path) -> Iterator[httpx2.Client]:
    """Speak to the API server without our own client, so that YAML goes over as it is."""
    config = plane.admin
    assert config.ca_data is not None
    context = ssl.create_default_context(cadata=config.ca_data.decode())
    headers = {"Content-Type": "application/apply-patch+yaml"}
    if config.client_certificate:
        for name, data in (
            ("cert", config.client_certificate.certificate),
            ("key", config.client_certificate.key),
        ):
            (folder / name).write_bytes(data)
        context.load_cert_chain(folder / "cert", folder / "key")
    if config.token:
        headers["Authorization"] = f"Bearer {config.token}"
    with httpx2.Client(
        base_url=config.server, verify=context, headers=headers, trust_env=False
    ) as client:
        yield client


def test_any_text_of_nvidia_reads_back_equal_from_the_api_server(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """R-CAT-20: the file as it is, read by the API server's own YAML parser."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/{CATALOG_CONFIG_MAP}"
    query = {"fieldManager": "test", "force": "true", "dryRun": "All"}

    with http(control_plane, tmp_path) as server:

        @settings(max_examples=60)
        @given(answers)
        def reads_back(drawn: list[object]) -> None:
            fetched = fetch(drawn)
            manifest = build_config_map(fetched.models, date=fetched.newest_date)

            answer = server.patch(path, params=query, content=render_manifest(manifest).encode())

            assert answer.status_code in (200, 201), answer.text
            assert answer.json()["data"] == manifest["data"]

        reads_back()
