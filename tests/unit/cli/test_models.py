import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from odh_nim.catalog.store import write_manifest
from odh_nim.cli.models import models
from odh_nim.domain.errors import InputError, UnknownModelError
from support.catalogs import config_map, entry


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.yaml"
    data = {
        "llama-3.1-8b-instruct": entry(
            defaultTag="1.8.5",
            sizeBytes=12_300_000_000,
            publisher="Meta",
            gpu={"count": [1, 2], "products": ["H100"], "memoryGiB": 24},
        ),
        "riva-asr": entry(
            name="riva-asr",
            namespace="nim/nvidia",
            family="speech",
            protocols=["http", "grpc"],
            displayName="Riva ASR",
            euRestricted=True,
        ),
        "broken": "{",
    }
    write_manifest(config_map(data), path)
    return path


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(models, [*arguments, "--catalog", str(file)], catch_exceptions=False)


def test_list_shows_a_row_a_model_and_one_warning_for_broken_entries(file: Path) -> None:
    result = run(file, "list")

    assert result.stdout.splitlines() == [
        "NAME                   TAG     FAMILY  PROTOCOLS  SIZE     EU          UPDATED",
        "llama-3.1-8b-instruct  1.8.5   llm     http       12.3 GB              2026-01-09",
        "riva-asr               latest  speech  http,grpc           restricted  2026-01-09",
    ]
    assert result.stderr.count("\n") == 1
    assert "1 entry cannot be used: broken: the value is no JSON object" in result.stderr


@pytest.mark.parametrize(
    ("option", "names"),
    [
        (["--search", "LLAMA meta"], ["meta/llama-3.1-8b-instruct"]),
        (["--family", "speech"], ["nvidia/riva-asr"]),
        (["--publisher", "META"], ["meta/llama-3.1-8b-instruct"]),
        (["--publisher", "nvidia"], ["nvidia/riva-asr"]),
        (["--gpus", "2"], ["meta/llama-3.1-8b-instruct"]),
        (["--gpus", "4"], []),
        (["--max-size", "12.3GB"], ["meta/llama-3.1-8b-instruct"]),
        (["--max-size", "11.4Gi"], []),
        (["--search", "llama", "--family", "speech"], []),
        (["--protocol", "grpc"], ["nvidia/riva-asr"]),
        (["--eu"], ["nvidia/riva-asr"]),
        (["--no-eu"], ["meta/llama-3.1-8b-instruct"]),
        (["--search", "nothing like it"], []),
    ],
)
def test_filters_choose_models(file: Path, option: list[str], names: list[str]) -> None:
    assert run(file, "list", "-o", "name", *option).stdout.splitlines() == names


def test_list_as_json_holds_every_field(file: Path) -> None:
    data = json.loads(run(file, "list", "-o", "json", "--family", "llm").stdout)

    assert data[0]["repository"] == "nim/meta/llama-3.1-8b-instruct"
    assert data[0]["tags"] == ["1.8.5", "1.8", "latest"]


def test_show_names_image_and_command(file: Path) -> None:
    """R-UI-03: a restricted model is marked."""
    result = run(file, "show", "riva-asr:1.8")

    assert "Image:        nvcr.io/nim/nvidia/riva-asr:1.8\n" in result.stdout
    assert "In the EU:    restricted" in result.stdout
    assert "Deploy:       odh-nim deploy riva-asr:1.8 -n PROJECT" in result.stdout


def test_show_says_which_gpus_it_needs(file: Path) -> None:
    assert (
        "GPUs:         1 or 2, 24 GiB each, tested on H100\n"
        in run(file, "show", "llama-3.1-8b-instruct").stdout
    )


def test_wide_list_names_publisher_and_gpus(file: Path) -> None:
    heading, row, _ = run(file, "list", "-o", "wide").stdout.splitlines()

    assert heading.split()[7:10] == ["TEAM", "PUBLISHER", "GPUS"]
    assert "meta    Meta       1,2" in row


def test_models_that_tell_no_gpus_are_counted(file: Path) -> None:
    assert (
        "1 of 2 models do not say which GPUs they need." in run(file, "list", "--gpus", "4").stderr
    )
    assert "do not say" not in run(file, "list").stderr


def test_size_that_is_none_is_an_error(file: Path) -> None:
    with pytest.raises(InputError, match="'much' is no size"):
        run(file, "list", "--max-size", "much")


def test_show_names_the_nearest_model(file: Path) -> None:
    with pytest.raises(UnknownModelError, match="Did you mean riva-asr"):
        run(file, "show", "riva-as")
