"""What is shipped for upgrades, as kustomize takes it: the Job's folder and the component.

Both were rendered with kustomize 5.8.1 too; these tests hold what it needs.
"""

import copy
from typing import Any

import pytest
import yaml

from odh_nim import __version__
from odh_nim.domain.errors import RejectedError
from odh_nim.manifests.yaml import load_yaml
from support.cluster_patch import apply_json_patch
from support.kustomize import render
from support.old_cluster_server import cluster_definition
from support.rights import FOLDER

CONFIG = FOLDER.parent
COMPONENT = CONFIG / "components" / "without-dsc-nim"


def test_image_of_the_job_is_set_in_one_place_and_is_this_version() -> None:
    """R-CLN-15."""
    (job,) = [one for one in render(FOLDER) if one["kind"] == "Job"]
    (container,) = job["spec"]["template"]["spec"]["containers"]

    assert container["image"] == f"quay.io/opendatahub/odh-nim:{__version__}"
    assert "image: odh-nim\n" in (FOLDER / "job.yaml").read_text(encoding="utf-8")


def test_bindings_follow_the_namespace_of_the_kustomization() -> None:
    """R-CLN-15: kustomize changes a subject only where it names the account as it is shipped."""
    kustomization = load_yaml((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    shipped = [
        one
        for name in kustomization["resources"]
        for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]
    (account,) = [one["metadata"] for one in shipped if one["kind"] == "ServiceAccount"]
    subjects = [subject for one in shipped for subject in one.get("subjects") or []]

    assert len(subjects) == 2
    for subject in subjects:
        assert subject == {
            "kind": "ServiceAccount",
            "name": account["name"],
            "namespace": account["namespace"],
        }
    assert account["namespace"] == kustomization["namespace"]


def drop_nim() -> list[dict[str, Any]]:
    kustomization = load_yaml((COMPONENT / "kustomization.yaml").read_text(encoding="utf-8"))
    (patch,) = kustomization["patches"]
    assert patch["target"]["name"] == cluster_definition("v3.5.0")["metadata"]["name"]
    found: list[dict[str, Any]] = load_yaml((COMPONENT / patch["path"]).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("schema", ["v3.0.0", "v3.5.0"])
def test_component_takes_the_field_and_nothing_else(schema: str) -> None:
    """R-CLN-09."""
    assert apply_json_patch(cluster_definition(schema), drop_nim()) == cluster_definition("v2.20.0")


@pytest.mark.parametrize("versions", [["v1"], ["v2", "v1"], ["v1", "v3"]])
def test_component_refuses_a_kind_of_other_versions(versions: list[str]) -> None:
    """R-CLN-09: the build fails, rather than the wrong version losing the field."""
    definition = cluster_definition("v3.5.0")
    (shape, *_) = definition["spec"]["versions"]
    definition["spec"]["versions"] = [copy.deepcopy(shape) | {"name": name} for name in versions]

    with pytest.raises(RejectedError):
        apply_json_patch(definition, drop_nim())
