"""Writing to a real API server: conditions, owners of fields, dry runs."""

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    InputError,
    NotFoundError,
    RejectedError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS
from odh_nim.sandbox.testing import ControlPlane


def config_map(name: str = "x", **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.mark.anyio
async def test_a_name_is_taken_once(control_plane: ControlPlane, namespace: str) -> None:
    """F1."""
    async with Client(control_plane.config_for("alice")) as alice:
        created = await alice.create(config_map(a="1"), namespace=namespace)
        with pytest.raises(AlreadyExistsError, match="ConfigMap/x in"):
            await alice.create(config_map(a="2"), namespace=namespace)
        with pytest.raises(AlreadyExistsError):
            await alice.create(config_map(a="2"), namespace=namespace, dry_run=True)
        found = await alice.get(CONFIG_MAPS, "x", namespace)

    assert created["metadata"]["uid"]
    assert found["data"] == {"a": "1"}
    assert {entry["manager"] for entry in found["metadata"]["managedFields"]} == {"odh-nim"}


@pytest.mark.anyio
async def test_a_replacement_needs_the_version_it_was_made_from(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F3."""
    async with Client(control_plane.config_for("alice")) as alice:
        first = await alice.create(config_map(a="1"), namespace=namespace)
        second = await alice.replace(first | {"data": {"a": "2"}})
        with pytest.raises(ConflictError, match="changed or replaced meanwhile"):
            await alice.replace(first | {"data": {"a": "3"}})
        with pytest.raises(NotFoundError):
            await alice.replace(config_map("missing"), namespace=namespace)

    assert second["data"] == {"a": "2"}


@pytest.mark.anyio
async def test_a_delete_needs_the_object_it_means(
    control_plane: ControlPlane, namespace: str
) -> None:
    """I2."""
    async with Client(control_plane.config_for("alice")) as alice:
        created = await alice.create(config_map(), namespace=namespace)
        uid = created["metadata"]["uid"]
        version = created["metadata"]["resourceVersion"]
        for conditions in (
            {"uid": "another"},
            {"uid": uid, "resource_version": "1"},
            {"uid": "another", "resource_version": version},
        ):
            with pytest.raises(ConflictError, match="changed or replaced meanwhile"):
                await alice.delete(CONFIG_MAPS, "x", namespace, **conditions)
        await alice.delete(CONFIG_MAPS, "x", namespace, uid=uid, resource_version=version)
        with pytest.raises(NotFoundError):
            await alice.delete(CONFIG_MAPS, "x", namespace)


@pytest.mark.anyio
async def test_a_field_of_somebody_else_is_not_taken(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F3."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.apply(config_map(a="1"), namespace=namespace, field_manager="gitops")
        with pytest.raises(ConflictError, match=r"\.data\.a belongs to gitops"):
            await alice.apply(config_map(a="2", b="3"), namespace=namespace)
        beside = await alice.apply(config_map(b="3"), namespace=namespace)
        forced = await alice.apply(config_map(a="2", b="3"), namespace=namespace, force=True)

    assert beside["data"] == {"a": "1", "b": "3"}
    assert forced["data"] == {"a": "2", "b": "3"}


@pytest.mark.anyio
async def test_a_patch_holds_its_test(control_plane: ControlPlane, namespace: str) -> None:
    """F3."""

    def change(before: str, after: str) -> list[Manifest]:
        return [
            {"op": "test", "path": "/data/a", "value": before},
            {"op": "replace", "path": "/data/a", "value": after},
        ]

    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(config_map(a="1"), namespace=namespace)
        with pytest.raises(RejectedError):
            await alice.patch(CONFIG_MAPS, "x", namespace, json_patch=change("9", "2"))
        patched = await alice.patch(CONFIG_MAPS, "x", namespace, json_patch=change("1", "2"))
        merged = await alice.patch(CONFIG_MAPS, "x", namespace, merge={"data": {"a": None}})

    assert patched["data"] == {"a": "2"}
    assert "data" not in merged


@pytest.mark.anyio
async def test_an_immutable_object_is_not_changed(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F13, R-CAT-14."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.apply(config_map(a="1") | {"immutable": True}, namespace=namespace)
        with pytest.raises(RejectedError, match="immutable"):
            await alice.apply(config_map(a="2") | {"immutable": True}, namespace=namespace)


@pytest.mark.anyio
async def test_a_dry_run_checks_and_stores_nothing(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-04."""
    async with Client(control_plane.config_for("alice")) as alice:
        there = await alice.create(config_map("there", a="1"), namespace=namespace)
        trial = alice.dry_run()

        created = await trial.create(config_map("new"), namespace=namespace)
        await trial.apply(config_map("applied"), namespace=namespace)
        replaced = await trial.replace(there | {"data": {"a": "2"}})
        await trial.patch(CONFIG_MAPS, "there", namespace, merge={"data": {"a": "3"}})
        await trial.delete(CONFIG_MAPS, "there", namespace)
        with pytest.raises(RejectedError, match=r"metadata\.name"):
            await trial.create(config_map("No_Name"), namespace=namespace)
        with pytest.raises(AlreadyExistsError):
            await trial.create(config_map("there"), namespace=namespace)
        found = await alice.list(CONFIG_MAPS, namespace)

    assert created["metadata"]["uid"]
    assert replaced["data"] == {"a": "2"}
    kept = {item["metadata"]["name"]: item for item in found}
    assert kept.keys() == {"there", "kube-root-ca.crt"}
    assert kept["there"]["metadata"]["resourceVersion"] == there["metadata"]["resourceVersion"]


@pytest.mark.anyio
async def test_an_object_goes_only_where_it_says(
    control_plane: ControlPlane, namespace: str
) -> None:
    """I2."""
    manifest = config_map()
    manifest["metadata"]["namespace"] = "team-a"
    async with Client(control_plane.config_for("alice")) as alice:
        with pytest.raises(InputError, match=f"for project team-a, not {namespace}"):
            await alice.create(manifest, namespace=namespace)
