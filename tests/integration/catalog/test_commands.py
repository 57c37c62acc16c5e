"""The catalogue's commands against a real cluster and NVIDIA's stand-in."""

import json

import pytest
import yaml

from odh_nim.cluster import Client
from odh_nim.domain.names import CATALOG_CONFIG_MAP, CONFIG_MAP, CONFIG_MAP_KEY
from odh_nim.domain.resources import CONFIG_MAPS
from odh_nim.sandbox.testing import ControlPlane
from support.command_line import CommandLine


@pytest.fixture
def shell(
    plain_control_plane: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    for name, value in plain_control_plane.environment("admin").items():
        monkeypatch.setenv(name, value)
    return CommandLine(monkeypatch, capsys.readouterr)


def key(plane: ControlPlane) -> str:
    return str(plane.key_file("good"))


def test_installed_catalogue_is_checked_and_is_what_a_new_run_makes(
    shell: CommandLine, plain_control_plane: ControlPlane, tmp_path: object
) -> None:
    """R-CAT-16, R-CAT-17."""
    made = f"{tmp_path}/made.yaml"
    generated = shell.run(
        "catalog", "generate", "--output", made, "--key-file", key(plain_control_plane)
    )

    checked = shell.run("catalog", "check", f"configmap/{CATALOG_CONFIG_MAP}")
    compared = shell.run("catalog", "diff", f"configmap/{CATALOG_CONFIG_MAP}", made)

    assert (generated.code, checked.code, compared.code) == (0, 0, 0)
    assert compared.out == "no difference.\n"


@pytest.mark.anyio
async def test_entry_that_cannot_be_a_key_is_left_out_and_the_rest_is_stored(
    plain_control_plane: ControlPlane, plain_namespace: str
) -> None:
    """R-CAT-08: what the API server refuses, the generator refuses before it."""
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "odd", "namespace": plain_namespace},
        "data": {"odd/slash": "{}"},
    }
    async with Client(plain_control_plane.admin) as admin:
        with pytest.raises(Exception, match="odd/slash"):
            await admin.create(manifest)


@pytest.mark.anyio
async def test_restricted_catalogue_is_served_in_place_of_the_shipped_one(
    shell: CommandLine, plain_control_plane: ControlPlane
) -> None:
    """R-CAT-21, R-CFG-04: made, applied, named in the configuration, used."""
    import anyio.to_thread  # noqa: PLC0415 - the commands bring their own event loop

    plane = plain_control_plane
    namespace = plane.applications_namespace

    def run(*arguments: str) -> str:
        outcome = shell.run(*arguments)
        assert outcome.code == 0, outcome.err
        return outcome.out

    options = ("--only", "arc/*", "--name", "arc-models", "--namespace", namespace)
    text = await anyio.to_thread.run_sync(
        lambda: run("catalog", "generate", *options, "--key-file", key(plane))
    )
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP, "namespace": namespace},
        "data": {CONFIG_MAP_KEY: json.dumps({"customConfigMap": {"name": "arc-models"}})},
    }
    async with Client(plane.admin) as admin:
        await admin.apply(yaml.safe_load(text))
        await admin.apply(config)
        try:
            listed = await anyio.to_thread.run_sync(lambda: run("models", "list", "-o", "name"))
        finally:
            await admin.delete(CONFIG_MAPS, CONFIG_MAP, namespace)
            await admin.delete(CONFIG_MAPS, "arc-models", namespace)

    assert listed.splitlines() == ["arc/evo2", "arc/evo2-40b"]
