"""The recorded answers, through the real command: optional, where the records are."""

import json
from pathlib import Path
from typing import Any

import pytest
import stamina
import yaml

from odh_nim.catalog import Catalog, parse_catalog
from odh_nim.catalog.store import read_catalog_file
from support.command_line import CommandLine, Outcome
from support.nvidia_thread import running_app
from support.recorded_ngc import REAL, RecordedNgc, needs_records, read_lines

pytestmark = needs_records
KEY = "nvapi-STANDIN-PERSONAL-OK"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return CommandLine(monkeypatch, capsys.readouterr)


def generate(shell: CommandLine, ngc: RecordedNgc, *options: str) -> Outcome:
    with running_app(ngc.app()) as url:
        shell.monkeypatch.setenv("ODH_NIM_NGC_URL", url)
        return shell.run("catalog", "generate", "--key-file", "-", *options, stdin=KEY)


def read(outcome: Outcome) -> Catalog:
    assert outcome.code == 0, outcome.err
    return parse_catalog(yaml.safe_load(outcome.out))


def recorded() -> Catalog:
    return read_catalog_file(next(REAL.glob("generated-nim-models-data*.yaml")))


def eu_marks() -> set[str]:
    data = json.loads((REAL / "nim_eu_restricted.json").read_text())
    return {each["resourceId"] for each in data}


@pytest.mark.parametrize("page_size", [1000, 100, 3])
def test_recorded_answers_give_the_recorded_models_tags_and_marks(
    shell: CommandLine, page_size: int
) -> None:
    """R-CAT-01."""
    made, wanted = read(generate(shell, RecordedNgc(page_size=page_size))), recorded()

    assert len(made.models) == 186
    assert sum(len(model.tags) for model in made.models) == 1130
    for mine, theirs in zip(made.models, wanted.models, strict=True):
        assert mine.repository == theirs.repository
        assert set(mine.tags) == set(theirs.tags)
        assert mine.latest_tag == theirs.latest_tag
        assert mine.updated_date == theirs.updated_date
        assert (mine.display_name, mine.short_description) == (
            theirs.display_name,
            theirs.short_description,
        )
    marked = {model.repository for model in made.models if model.eu_restricted}
    assert marked == eu_marks()


def test_answers_in_the_eu_mark_the_same_models(shell: CommandLine) -> None:
    """R-CAT-10: by 451 alone, without any list."""
    made = read(generate(shell, RecordedNgc(in_europe=True), "--no-eu-list"))

    assert {model.repository for model in made.models if model.eu_restricted} == eu_marks()
    assert len(made.models) == 186


def test_list_that_the_eu_makes_is_the_recorded_one(shell: CommandLine, tmp_path: Path) -> None:
    """R-CAT-11."""
    file = tmp_path / "eu.json"
    file.write_text("[]")
    with running_app(RecordedNgc(in_europe=True).app()) as url:
        shell.monkeypatch.setenv("ODH_NIM_NGC_URL", url)
        outcome = shell.run("catalog", "eu", "--eu-list", str(file), "--key-file", "-", stdin=KEY)

    assert outcome.code == 0
    assert {each["resourceId"] for each in json.loads(file.read_text())} == eu_marks()


def test_reply_of_one_real_model_is_read_whole(shell: CommandLine) -> None:
    real = json.loads((REAL / "model_tags.json").read_text())

    made = read(generate(shell, RecordedNgc(), "--only", "llama-3.1-8b-instruct", "--name", "x"))

    (model,) = made.models
    assert set(model.tags) == set(real["tags"])
    assert model.size_bytes == real["latestImageSize"]
    assert model.architectures == ("amd64", "arm64")
    assert model.publisher == real["publisher"]


def test_old_catalogue_of_seven_fields_is_read_whole() -> None:
    """R-CAT-22."""
    old = recorded()

    assert (len(old.models), old.broken) == (186, ())
    assert {model.repository for model in old.models if model.eu_restricted} == eu_marks()
    assert all(model.family != "other" for model in old.models)


ODD = {
    "odd-no-tags": "it has no tags",
    "odd-tags-missing": "it has no tags",
    "odd-latest-not-in-tags": "is not one of its tags",
    "Odd_Upper.Case": "cannot be the path of an image",
    "odd/slash": "has not three parts",
}
STATUS = {401: 7, 403: 7, 404: 7, 429: 6, 451: 0, 500: 6, 503: 6}


@pytest.mark.parametrize(
    "record", read_lines("models_odd.jsonl") if REAL.is_dir() else [], ids=lambda each: each["why"]
)
def test_every_odd_record_ends_as_documented(shell: CommandLine, record: dict[str, Any]) -> None:
    """R-CAT-04, R-CAT-08, R-CAT-20."""
    name = record["path"].rpartition("/repos/")[2]

    few = ("--only", "*/[oO]dd*", "--only", "arc/*", "--name", "odd")
    may_be_left_out = ("--allow-missing", "1") if record["status"] == 200 else ()
    with stamina.set_testing(testing=True, attempts=2):
        outcome = generate(shell, RecordedNgc(record), *few, *may_be_left_out, "--patience", "1")

    if record["status"] != 200:
        assert outcome.code == STATUS[record["status"]]
        return
    made = {model.name: model for model in read(outcome).models}
    if name in ODD or len(name) > 200:
        assert name not in made
        assert f"left out: nim/nvidia/{name[:100]}" in outcome.err
        assert ODD.get(name, "cannot be the path of an image") in outcome.err
        return
    model = made[name]
    assert set(model.tags) == set(record["body"]["tags"])
    assert (model.display_name + model.short_description).isprintable()
