"""Names are written once, in `domain/names.py`; what we ship says the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from odh_nim.domain import names

CONFIG = Path(__file__).parents[3] / "config"
FOLDERS = ("base", "catalog", "overlays", "rbac", "runtimes")
FILES = sorted(path for folder in FOLDERS for path in (CONFIG / folder).rglob("*.yaml"))
CONSTANTS = {name: value for name, value in vars(names).items() if name.isupper()}
# What our manifests carry for others alone: no code of ours reads or writes it.
FOR_OTHERS = re.compile(
    r"app\.kubernetes\.io/part-of|rbac\.authorization\.k8s\.io/aggregate-to-\w+"
    r"|argocd\.argoproj\.io/sync-options|openshift\.io/provider-display-name|description|tags"
)
SHIPPED = [
    "CATALOG_CONFIG_MAP", "HTTP_TEMPLATE", "GRPC_TEMPLATE", "TEMPLATE_CONFIG_MAP_KEY",
    "READER_ROLE", "DASHBOARD_CONFIG", "CONFIG_MAP", "DASHBOARD_LABEL", "OOTB_LABEL",
    "API_PROTOCOL", "MODEL_SERVING_SUPPORT", "MODEL_TYPE", "RECOMMENDED_ACCELERATORS",
    "NIM_RUNTIME", "DISPLAY_NAME", "KSERVE_CONTAINER", "CACHE_PATH_ENV", "CACHE_PATH",
    "CACHE_VOLUME", "SHM_VOLUME", "SHM_PATH", "GPU_RESOURCE", "METRICS_PATH", "METRICS_PORT",
    "GRPC_PORT_NAME", "HTTP_PORT_NAME", "GRPC_BIND_ENV", "CATALOG_REVISION", "CATALOG_DATE",
]  # fmt: skip


def documents() -> Iterator[Any]:
    for path in FILES:
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield document
            for text in (document.get("data") or {}).values():
                # The Templates, as ConfigMaps hold them.
                if "kind: Template" in str(text):
                    yield yaml.safe_load(text)


def words(value: Any) -> Iterator[str]:
    """Give every key and every text, lists in texts taken apart."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from words(item)
    elif isinstance(value, list):
        for item in value:
            yield from words(item)
    elif isinstance(value, str):
        yield value
        if value.startswith("["):
            yield from words(yaml.safe_load(value))


def marks(value: Any) -> Iterator[str]:
    """Give the keys of all labels and annotations."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("labels", "annotations"):
                yield from item
            yield from marks(item)
    elif isinstance(value, list):
        for item in value:
            yield from marks(item)


@pytest.fixture(scope="module")
def shipped() -> list[Any]:
    return list(documents())


@pytest.mark.parametrize("name", SHIPPED)
def test_name_stands_in_what_we_ship(name: str, shipped: list[Any]) -> None:
    assert CONSTANTS[name] in set(words(shipped))


def test_writable_folders_are_those_of_the_templates(shipped: list[Any]) -> None:
    """R-TPL-04."""
    templates = [item for item in shipped if item["kind"] == "Template"]

    # Each twice: as a Template, and in the ConfigMap that stands for it.
    assert len(templates) == 4
    for template in templates:
        container = template["objects"][0]["spec"]["containers"][0]
        mounts = {item["name"]: item["mountPath"] for item in container["volumeMounts"]}
        assert mounts == names.WRITABLE_MOUNTS | {
            names.CACHE_VOLUME: names.CACHE_PATH,
            names.SHM_VOLUME: names.SHM_PATH,
        }


def test_every_shipped_mark_is_a_name_of_ours_or_for_others(shipped: list[Any]) -> None:
    known = {value for value in CONSTANTS.values() if isinstance(value, str)}

    unknown = {
        mark for mark in marks(shipped) if mark not in known and not FOR_OTHERS.fullmatch(mark)
    }

    assert unknown == set()


def test_namespaces_of_the_overlays_are_those_we_look_in() -> None:
    found = {
        yaml.safe_load(path.read_text(encoding="utf-8")).get("namespace")
        for path in CONFIG.glob("overlays/*/kustomization.yaml")
    }

    assert found == set(names.APPLICATIONS_NAMESPACES)


def test_no_two_names_are_the_same_by_accident() -> None:
    texts = [value for value in CONSTANTS.values() if isinstance(value, str)]
    # We are the manager of fields and of objects under one name, our namespace has it too.
    same = {value for value in texts if texts.count(value) > 1}

    assert same <= {"odh-nim", "NGC_API_KEY", names.CATALOG_CONFIG_MAP}


def test_a_deployments_own_names_never_meet_the_projects() -> None:
    """R-KEY-13."""
    assert names.key_secret() == "nvidia-nim-secrets"
    assert names.pull_secret() == "nvidia-nim-image-pull"
    assert names.key_secret("a") == "nvidia-nim-secrets-a"
    assert names.pull_secret("a") == "nvidia-nim-image-pull-a"
    assert names.DASHBOARD_LABEL not in names.SECRET_LABELS
    assert names.MANAGED_LABEL not in names.OBJECT_LABELS


def test_names_beside_a_deployment_are_the_stock_ones() -> None:
    """R-DEP-22."""
    assert [
        names.service_account("a"),
        names.view_role("a"),
        names.view_role_binding("a"),
        names.token_secret("t", "a"),
        names.predictor("a"),
        names.cache_claim("a"),
    ] == ["a-sa", "a-view-role", "a-view", "t-a-sa", "a-predictor", "nim-pvc-a"]
