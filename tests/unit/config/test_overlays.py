import asyncio
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from odh_nim.catalog import parse_catalog
from odh_nim.catalog.limits import measure, size_findings
from odh_nim.domain import names
from odh_nim.domain.manifest import describe
from odh_nim.manifests.families import families
from odh_nim.sandbox.nvidia.seeds import read_seed
from odh_nim.sandbox.seed.manifests import Variant
from odh_nim.sandbox.shipped import resolve_overlay, shipped_manifests

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
OVERLAYS = ["odh", "openshift", "kubernetes"]


def load(path: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CONFIG / path).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    path = ROOT / "tools" / "generate_catalog.py"
    spec = importlib.util.spec_from_file_location("generate_catalog", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.anyio
async def test_shipped_catalogue_is_what_the_generator_makes(
    generator: ModuleType, tmp_path: Path
) -> None:
    """R-CAT-01, R-CAT-07."""
    output = tmp_path / "catalog.yaml"

    async with asyncio.timeout(120):
        assert await generator.generate_catalog(output) == 0

    assert output.read_bytes() == generator.CATALOG.read_bytes()


def test_every_shipped_model_can_be_used_and_has_a_family() -> None:
    """R-CAT-19, R-CAT-22."""
    catalog = parse_catalog(load("catalog/nvidia-nim-models-data.yaml")[0])

    assert (len(catalog.models), catalog.broken, catalog.edited) == (186, (), False)
    assert sum(len(model.tags) for model in catalog.models) == 1130
    assert {model.family for model in catalog.models} <= set(families()) - {"other"}


def test_marks_of_the_shipped_catalogue_are_those_of_the_list() -> None:
    """R-CAT-10, R-CAT-12."""
    listed = json.loads((CONFIG / "catalog" / "eu-restricted.json").read_text())
    catalog = parse_catalog(load("catalog/nvidia-nim-models-data.yaml")[0])

    marked = {model.repository for model in catalog.models if model.eu_restricted}

    assert marked == {item["resourceId"] for item in listed}
    assert marked == {seed.repository for seed in read_seed() if seed.eu_restricted}


def test_shipped_catalogue_can_be_applied_with_room_to_grow() -> None:
    """R-CAT-13."""
    (catalogue,) = load("catalog/nvidia-nim-models-data.yaml")

    assert measure(catalogue).fits
    assert size_findings(catalogue) == []


def test_shipped_config_maps_are_what_the_generator_makes(generator: ModuleType) -> None:
    """R-TPL-07: the file has one more line, which says that it is generated."""
    text = (CONFIG / "overlays" / "kubernetes" / "templates.yaml").read_text(encoding="utf-8")

    assert text.partition("\n")[2] == generator.build_template_config_maps()


def test_plain_kubernetes_gets_the_same_templates(generator: ModuleType) -> None:
    """R-TPL-07."""
    config_maps = load("overlays/kubernetes/templates.yaml")

    assert [item["metadata"]["name"] for item in config_maps] == list(generator.TEMPLATES)
    for item in config_maps:
        file = CONFIG / "runtimes" / generator.TEMPLATES[item["metadata"]["name"]]
        assert item["data"] == {"template.yaml": file.read_text(encoding="utf-8")}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_installs_catalogue_templates_and_rights(overlay: str) -> None:
    """R-TPL-07."""
    kind = "ConfigMap" if overlay == "kubernetes" else "Template"

    found = {describe(manifest) for manifest in resolve_overlay(f"overlays/{overlay}")}

    assert found - {"Namespace/odh-nim"} == {
        f"ConfigMap/{names.CATALOG_CONFIG_MAP}",
        f"{kind}/{names.HTTP_TEMPLATE}",
        f"{kind}/{names.GRPC_TEMPLATE}",
        f"Role/{names.READER_ROLE}",
        f"RoleBinding/{names.READER_ROLE}",
        "ClusterRole/odh-nim-serving-edit",
        "ClusterRole/odh-nim-serving-view",
    }


@pytest.mark.parametrize(
    ("overlay", "immutable"), list(zip(OVERLAYS, [None, True, True], strict=True))
)
def test_only_the_overlay_for_operators_can_be_changed(
    overlay: str,
    immutable: bool | None,  # noqa: FBT001 - a table's column
) -> None:
    """R-CAT-14."""
    for manifest in resolve_overlay(f"overlays/{overlay}"):
        if manifest["metadata"]["name"] == names.CATALOG_CONFIG_MAP:
            assert manifest.get("immutable") is immutable


def test_every_user_reads_by_name_and_no_secret() -> None:
    """R-TPL-08; S18."""
    role, binding = load("rbac/reader.yaml")

    assert binding["subjects"][0]["name"] == "system:authenticated"
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == names.READER_ROLE
    for rule in role["rules"]:
        assert rule["verbs"] == ["get"]
        assert rule["resourceNames"]
        assert "secrets" not in rule["resources"]
    readable = {name for rule in role["rules"] for name in rule["resourceNames"]}
    assert readable == {
        names.CATALOG_CONFIG_MAP,
        names.HTTP_TEMPLATE,
        names.GRPC_TEMPLATE,
        names.CONFIG_MAP,
        names.DASHBOARD_CONFIG,
    }


def test_editors_and_viewers_get_rights_on_serving_kinds() -> None:
    """R-EXT-03."""
    edit, view = load("rbac/serving.yaml")

    assert edit["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"
    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert view["rules"][0]["verbs"] == ["get", "list", "watch"]
    assert "*" not in {verb for rule in edit["rules"] for verb in rule["verbs"]}


def test_sandbox_installs_the_overlay_of_its_variant() -> None:
    plain = shipped_manifests(Variant.KUBERNETES_ONLY)
    open_data_hub = shipped_manifests(Variant.OPEN_DATA_HUB)

    assert describe(plain[0]) == "Namespace/odh-nim"
    assert open_data_hub[0]["metadata"]["namespace"] == "opendatahub"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_own_resolution_equals_kustomize(overlay: str) -> None:
    """R-TPL-07: where kubectl is installed; the other tests resolve the overlays without it."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed: the overlays are resolved by our own loader only")
    rendered = subprocess.run(
        ["kubectl", "kustomize", str(CONFIG / "overlays" / overlay)],
        check=True,
        capture_output=True,
        text=True,
    )

    theirs = sorted(yaml.safe_load_all(rendered.stdout), key=describe)

    assert theirs == sorted(resolve_overlay(f"overlays/{overlay}"), key=describe)
