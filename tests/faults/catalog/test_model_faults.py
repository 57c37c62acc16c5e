"""One model among many, with everything that can be wrong with it (R-CAT-04, R-CAT-08)."""

import json
from typing import Any

import msgspec
import pytest

from faults.catalog.conftest import COUNT, MODEL, Generator
from odh_nim.sandbox.nvidia import Fault

JSON = {"content-type": "application/json"}


def answer(**changes: Any) -> Fault:
    """Give details of the model, changed."""
    fields = {
        "name": "model-07",
        "namespace": "nim/meta",
        "displayName": "Model 7",
        "tags": ["1.0.0", "2.0.0"],
        "latestTag": "2.0.0",
        "updatedDate": "2026-01-01T00:00:00Z",
    }
    return text(json.dumps(fields | changes))


def text(body: str, encoding: Any = "utf-8") -> Fault:
    return Fault("answer", 200, JSON, body, encoding, path=MODEL)


def test_model_that_fails_once_is_asked_again(generator: Generator) -> None:
    generator.fault(Fault("answer", 500, path=MODEL, times=1))

    assert generator.run().code == 0
    assert len(generator.asked(MODEL)) == 2
    assert len(generator.models()) == COUNT


@pytest.mark.parametrize(
    ("fault", "cause", "calls"),
    [
        pytest.param(Fault("answer", 500), "it answered 500", 4, id="500"),
        pytest.param(Fault("answer", 503), "it answered 503", 4, id="503"),
        pytest.param(Fault("stall"), "no answer", 1, id="hangs-after-headers"),
        pytest.param(Fault("hang"), "no answer", 1, id="hangs"),
        pytest.param(Fault("slow"), "no answer within 1 s", 1, id="a-byte-a-moment"),
        pytest.param(Fault("drip"), "no answer", 1, id="header-without-end"),
        pytest.param(Fault("reset"), "the connection was cut", 4, id="reset"),
        pytest.param(Fault("cut"), "the connection was cut", 4, id="less-than-announced"),
        pytest.param(Fault("huge"), "its answer is larger than 2048 KiB", 1, id="no-end"),
        pytest.param(
            Fault("answer", 200, {"content-type": "text/html"}, "<html>"),
            "a web page came instead",
            1,
            id="html",
        ),
        pytest.param(
            Fault("answer", 418, JSON, "{}"), "it answered 418", 1, id="a-status-that-says-nothing"
        ),
    ],
)
def test_model_that_cannot_be_read_ends_the_run_and_is_named(
    generator: Generator, fault: Fault, cause: str, calls: int
) -> None:
    """R-CAT-04."""
    generator.fault(msgspec.structs.replace(fault, path=MODEL))

    outcome = generator.run("--allow-missing", "5")

    assert outcome.code == 6
    assert f"nim/meta/model-07 could not be read: {cause}" in outcome.error_line
    assert len(generator.asked(MODEL)) == calls


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(text('{"name": "model-07", "names'), id="truncated"),
        pytest.param(text("[" * 100_000 + "]" * 100_000), id="deep"),
        pytest.param(
            text('{"name":"m","namespace":"n","x":' + '{"x":' * 100_000), id="deep-inside"
        ),
        pytest.param(text('{"name":"m","namespace":"n","latestImageSize":NaN}'), id="nan"),
        pytest.param(text('{"name":"m\xff","namespace":"n"}', "latin-1"), id="no-utf-8"),
        pytest.param(text('\ufeff{"name":"m","namespace":"n"}'), id="bom"),
        pytest.param(text("[]"), id="no-object"),
        pytest.param(text(""), id="empty"),
        pytest.param(answer(tags=[1, 2]), id="tags-are-numbers"),
        pytest.param(answer(tags="1.0.0"), id="tags-are-no-list"),
        pytest.param(answer(displayName={"en": "Model"}), id="name-is-no-text"),
    ],
)
def test_answer_that_cannot_be_used_ends_the_run(generator: Generator, fault: Fault) -> None:
    """R-CAT-04: what is not understood is not guessed."""
    generator.fault(fault)

    outcome = generator.run("--allow-missing", "5")

    assert outcome.code == 6
    assert "nim/meta/model-07 could not be read" in outcome.error_line
    assert "cannot be used" in outcome.error_line
    assert len(generator.asked(MODEL)) == 1


@pytest.mark.parametrize(("status", "reason"), [(404, "gone"), (403, "no-right")])
def test_missing_model_ends_the_run_unless_that_is_allowed(
    generator: Generator, status: int, reason: str
) -> None:
    """R-CAT-04; F26."""
    generator.fault(Fault("answer", status, JSON, "{}", path=MODEL))

    refused = generator.run()
    allowed = generator.run("--allow-missing", "1")

    assert refused.code == 7
    assert f"1 of 60 models have no details: nim/meta/model-07 ({reason})" in refused.error_line
    assert allowed.code == 0
    assert f"left out: nim/meta/model-07 ({reason})" in allowed.err
    assert len(generator.models()) == COUNT - 1


def test_model_that_is_not_offered_here_ships_marked(generator: Generator) -> None:
    """R-CAT-10: with what the list says, as nothing else is known."""
    generator.fault(Fault("answer", 451, path=MODEL))

    outcome = generator.run()

    assert outcome.code == 0
    assert "1 restricted in the EU" in outcome.err
    marked = [model for model in generator.models().values() if model.eu_restricted]
    assert [(model.name, model.tags) for model in marked] == [("model-07", ("latest",))]


def test_model_that_is_not_offered_here_keeps_what_the_file_knew(generator: Generator) -> None:
    """R-CAT-10."""
    assert generator.run().code == 0
    generator.fault(Fault("answer", 451, path=MODEL))

    assert generator.run().code == 0

    model = generator.models()["model-07"]
    assert (model.tags, model.eu_restricted) == (("1.1.0", "1.0.0", "latest"), True)


def test_key_that_is_refused_half_way_ends_the_run(generator: Generator) -> None:
    """R-CAT-02; F25."""
    generator.fault(Fault("answer", 401, JSON, "{}", path=MODEL))

    outcome = generator.run("--concurrency", "2")

    assert outcome.code == 7
    assert "NVIDIA refused the key" in outcome.error_line
    assert len(generator.asked("/v2/org")) < COUNT


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(answer(tags=None), "it has no tags", id="null"),
        pytest.param(answer(tags=[]), "it has no tags", id="empty"),
        pytest.param(answer(tags=["1 0"]), "'1 0' is no image tag", id="no-tag"),
        pytest.param(
            answer(latestTag="3.0.0"), "its latest tag '3.0.0' is not one", id="latest-elsewhere"
        ),
    ],
)
def test_model_with_tags_that_cannot_be_used_is_left_out_with_the_reason(
    generator: Generator, fault: Fault, reason: str
) -> None:
    """R-CAT-08; F33."""
    generator.fault(fault)

    outcome = generator.run()

    assert outcome.code == 0
    assert f"left out: nim/meta/model-07 ({reason}" in outcome.err
    assert len(generator.models()) == COUNT - 1


def test_last_of_two_keys_of_one_name_counts(generator: Generator) -> None:
    fields = '"name":"m","namespace":"n","tags":["1.0.0"],"latestTag":"1.0.0"'
    generator.fault(text(f'{{"tags":["9"],{fields}}}'))

    assert generator.run().code == 0
    assert generator.models()["model-07"].tags == ("1.0.0",)


def test_text_of_the_foreign_side_is_cleaned(generator: Generator) -> None:
    """R-CAT-20; F51."""
    generator.fault(
        answer(
            displayName="Mo\u202edel\n7\u0000",
            shortDescription='a: "b"\r\n# c\u2028\x1b[31md\u200b' + "x" * 600,
            publisher="<b>Meta</b>\t",
        )
    )

    assert generator.run().code == 0

    model = generator.models()["model-07"]
    assert model.display_name == "Model 7"
    assert model.short_description.startswith('a: "b" # c [31mdxxx')
    assert len(model.short_description) == 500
    assert model.publisher == "<b>Meta</b>"


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a\nb",
        "\u202eba",
        "Upper",
        "a b",
        "",
        "ü",
        "x" * 254,
        "../../v3/keys",
        "a?b",
        "a%2fb",
    ],
)
def test_name_that_no_image_has_is_left_out_and_not_asked_for(
    generator: Generator, name: str
) -> None:
    """R-CAT-08: the rest ships."""
    state = generator.nvidia.state
    model = msgspec.structs.replace(next(iter(state.models.values())), name=name)
    state.models[model.repository] = model

    outcome = generator.run()

    assert outcome.code == 0
    assert outcome.err.count("left out: nim/meta/") == 1
    assert all(line.isprintable() for line in outcome.err.splitlines())
    assert len(generator.asked("/v2/org")) == COUNT
    assert len(generator.models()) == COUNT


def test_two_teams_with_one_name_keep_their_own_images(generator: Generator) -> None:
    """R-CAT-09; F34."""
    state = generator.nvidia.state
    model = msgspec.structs.replace(next(iter(state.models.values())), team="nvidia")
    state.models[model.repository] = model

    assert generator.run().code == 0

    raw = generator.output.read_text()
    assert "\n  model-00--nvidia: |" in raw
    assert '"repository": "nim/nvidia/model-00"' in raw
    assert raw.count('"namespace": "nim/nvidia"') == 0


@pytest.mark.parametrize("kind", ["hang", "slow"])
def test_published_metadata_that_does_not_come_ends_a_run_that_asks_for_it(
    generator: Generator, kind: Any
) -> None:
    generator.fault(Fault(kind, path="/v2/nim/metadata"))

    outcome = generator.run("--metadata")

    assert outcome.code == 6
    assert "could not be read: no answer" in outcome.error_line


def test_calls_are_as_many_as_needed_and_no_more(generator: Generator) -> None:
    """R-CAT-03: one check, the pages, the models; metadata adds one a model."""
    assert generator.run().code == 0
    plain = len(generator.asked())

    assert generator.run("--metadata").code == 0

    assert plain == 1 + 1 + COUNT
    assert len(generator.asked()) - plain == 1 + 1 + 2 * COUNT


def test_busy_service_slows_the_run_down_and_all_models_ship(generator: Generator) -> None:
    """R-CAT-03: the brake is shared; few calls are refused, none is lost."""
    generator.nvidia.state.per_second = 40

    outcome = generator.run("--timeout", "10")

    assert outcome.code == 0
    assert len(generator.models()) == COUNT
    assert len(generator.asked()) < 2 * COUNT


def test_service_that_is_busy_for_ever_ends_the_run_when_patience_does(
    generator: Generator,
) -> None:
    generator.fault(Fault("answer", 429, {"retry-after": "1"}, path="/v2/org"))

    outcome = generator.run("--patience", "2")

    assert outcome.code == 6
    assert "it is busy (429), it wants 1 s of rest" in outcome.error_line


def test_list_that_shrank_is_not_written(generator: Generator) -> None:
    """R-CAT-04; F33."""
    assert generator.run().code == 0
    before = generator.output.read_text()
    for name in list(generator.nvidia.state.models)[:2]:
        del generator.nvidia.state.models[name]

    outcome = generator.shell.run(
        *("catalog", "generate", "--output", str(generator.output), "--no-eu-list"),
        stdin="nvapi-SANDBOX-GOOD-KEY-000000",
    )

    assert outcome.code == 7
    assert "Only 58 models can be used" in outcome.error_line
    assert generator.output.read_text() == before
    assert generator.run("--allow-missing", "2").code == 0
