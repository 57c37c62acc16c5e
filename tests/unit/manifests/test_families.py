import json
from pathlib import Path
from typing import Any

import pytest

from odh_nim.domain.family import Family
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.families import classify, families, family_of
from odh_nim.sandbox.nvidia.seeds import read_seed

SHARED = Path(__file__).parents[4] / "shared" / "data" / "families.json"
HTTP, GRPC = Protocol.HTTP, Protocol.GRPC
RETRIEVERS = [f"retriever-{name}" for name in ("embed", "rerank", "detection", "ocr")]


def count(*protocols: Protocol) -> int:
    seeds = [f"{seed.display_name} {seed.short_description}" for seed in read_seed()]
    found = [
        family_of(classify(seed.repository, text).family)
        for seed, text in zip(read_seed(), seeds, strict=True)
    ]
    return sum(family.protocols == protocols for family in found)


def test_models_of_the_catalogue_speak_what_their_documentation_says() -> None:
    """R-PROTO-01, R-PROTO-02: 186 models, 47 of them gRPC, 5 nothing else."""
    assert (count(HTTP), count(HTTP, GRPC), count(GRPC)) == (139, 42, 5)


def test_every_model_has_a_family_and_a_reason_by_its_path_alone() -> None:
    """R-CAT-19."""
    for seed in read_seed():
        found = classify(seed.repository)
        assert found.family in families()
        assert found.family != "other"
        assert found.reason


@pytest.mark.parametrize(
    ("path", "family"),
    [
        # Names that mislead.
        ("nvidia/riva-translate-4b-instruct-v1.1", "llm"),
        ("nvidia/riva_translate_4b_instruct", "llm"),
        ("nvidia/riva-translate-1_6b", "speech"),
        ("nvidia/cosmos-embed1", "cosmos-embed"),
        ("nvidia/nvclip", "nvclip"),
        ("nvidia/nemoretriever-parse", "document-parse"),
        ("nvidia/maxine-audio2face-2d", "maxine"),
        ("nvidia/audio2face-3d", "audio2face-3d"),
        ("nvidia/nemoguard-jailbreak-detect", "classifier"),
        ("nvidia/llama-3.1-nemoguard-8b-content-safety", "llm"),
        # Images outside the catalogue.
        ("nvidia/nemotron-ocr-v1", "retriever-ocr"),
        ("nvidia/llama-nemotron-rerank-vl-1b-v2", "retriever-rerank"),
        ("nvidia/vsr-nim", "maxine"),
        ("nvidia/cosmos3-reasoner", "vlm"),
        ("mistralai/mistral-7b-instruct-v03", "llm"),
    ],
)
def test_rules_decide_in_their_order(path: str, family: str) -> None:
    assert classify(path).family == family
    # Behind a mirror the end of the path counts.
    assert classify(f"nim/{path}").family == family
    assert classify(f"/mirror/of/nvcr/nim/{path}").family == family


def test_text_decides_where_no_path_does() -> None:
    assert classify("acme/new-model", "An OpenAI compatible API.").family == "llm"
    assert classify("acme/new-model", "A vision-language model").family == "vlm"
    # Its text is wrong: paths come first.
    assert classify("nvidia/cosmos-predict1-7b-text2world", "OpenAI compatible APIs").family == (
        "cosmos-wfm"
    )


def test_unknown_image_is_http_and_says_that_it_is_a_guess() -> None:
    """R-CAT-19."""
    found = classify("acme/new-model", "Something new.")

    assert found.family == "other"
    assert "guess" in found.reason
    assert family_of("other") is family_of("no-such-family")
    assert (family_of("other").protocols, family_of("other").http_port) == ((HTTP,), 8000)


@pytest.mark.parametrize("family", families().values(), ids=lambda family: family.id)
def test_family_can_be_deployed_over_what_it_offers(family: Family) -> None:
    """R-PROTO-01, R-PROTO-02."""
    ports = {HTTP: family.http_port, GRPC: family.grpc_port}

    assert family.protocols
    assert all(ports[protocol] for protocol in family.protocols)
    assert GRPC in family.protocols or family.grpc_port is None
    assert family.default_protocol is (HTTP if HTTP in family.protocols else GRPC)


@pytest.mark.parametrize("name", RETRIEVERS)
@pytest.mark.parametrize(
    ("tag", "variable", "value", "native"),
    [
        ("1.10.1", "NIM_TRITON_GRPC_PORT", "8001", False),
        ("1", "NIM_TRITON_GRPC_PORT", "8001", False),
        ("1.5.0-pb25h2", "NIM_TRITON_GRPC_PORT", "8001", False),
        ("0.9", "NIM_TRITON_GRPC_PORT", "8001", False),
        ("2.0.1", "NIM_SERVER_GRPC_BIND_ADDR", "0.0.0.0:8001", True),
        ("3", "NIM_SERVER_GRPC_BIND_ADDR", "0.0.0.0:8001", True),
        # No version to read: as the newest that is known.
        ("latest", "NIM_SERVER_GRPC_BIND_ADDR", "0.0.0.0:8001", True),
    ],
)
def test_retriever_images_take_their_port_and_caches_by_major_version(
    name: str,
    tag: str,
    variable: str,
    value: str,
    native: bool,  # noqa: FBT001 - a table's column
) -> None:
    """R-PROTO-04."""
    family = family_of(name)

    assert family.env(GRPC, tag) == {variable: value}
    assert family.env(HTTP, tag) == {}
    assert family.caches_natively(tag) is native


def test_other_families_have_one_environment_and_no_cache_of_their_own() -> None:
    """R-PROTO-04."""
    speech = family_of("speech")

    for tag in ("1.0.0", "2.3", "latest"):
        assert speech.env(GRPC, tag) == {
            "NIM_GRPC_API_PORT": "50051",
            "NIM_HTTP_API_PORT": "9000",
        }
        assert speech.env(HTTP, tag) == {"NIM_HTTP_API_PORT": "9000"}
        assert family_of("maxine").env(GRPC, tag) == family_of("llm").env(HTTP, tag) == {}
        assert not family_of("llm").caches_natively(tag)


def test_environment_given_out_can_be_changed_without_harm() -> None:
    speech = family_of("speech")

    speech.env(GRPC, "1")["NIM_GRPC_API_PORT"] = "1"

    assert speech.env(GRPC, "1")["NIM_GRPC_API_PORT"] == "50051"


def test_one_image_reads_its_key_from_another_variable() -> None:
    bionemo = family_of("bionemo")

    assert bionemo.key_variable_of("molmim") == "NGC_CLI_API_KEY"
    assert bionemo.key_variable_of("genmol") == "NGC_API_KEY"


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded facts are not beside this checkout")
def test_families_agree_with_the_recorded_facts() -> None:
    recorded: dict[str, Any] = json.loads(SHARED.read_text(encoding="utf-8"))

    for path, model in recorded["models"].items():
        assert classify(path).family == model["family"], path
    for name, facts in recorded["families"].items():
        family = family_of(name)
        assert family.http_port == facts["http"]
        assert family.grpc_port == (facts["grpc"]["port"] if facts["grpc"]["offered"] else None)
        assert [str(protocol) for protocol in family.protocols] == facts["protocols"]
        assert family.metrics_port == (facts["metrics"] or {"port": None})["port"]
