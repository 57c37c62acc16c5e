"""The committed description is what the server speaks; no answer has a place for a key: S2."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from odh_nim.web.schemas import Wire

ROOT = Path(__file__).parents[3]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "src/odh_nim/web/openapi.json").read_text())


def test_the_committed_description_is_up_to_date() -> None:
    """R-EXT-06."""
    subprocess.run([sys.executable, "tools/generate_openapi.py", "--check"], cwd=ROOT, check=True)


def models(model: type[BaseModel] = Wire) -> list[type[BaseModel]]:
    return [model, *(found for one in model.__subclasses__() for found in models(one))]


def test_no_answer_has_a_field_for_a_key() -> None:
    """S2, R-KEY-15: response models by allow list; what carries a key is written only."""
    requests = {"KeyIn", "KeyCheckIn", "DeployIn", "RotationIn"}
    secret = {
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if "password" in json.dumps(described)
    }

    assert {one.partition(".")[0] for one in secret} == requests


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_unknown_fields_are_refused_everywhere(model: type[BaseModel]) -> None:
    """R-EXT-06."""
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["hide_input_in_errors"] is True


def test_every_operation_says_how_it_fails() -> None:
    """R-EXT-06: problem+json."""
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert operation["description"]


def test_names_of_operations_are_unique() -> None:
    names = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]

    assert len(names) == len(set(names))
