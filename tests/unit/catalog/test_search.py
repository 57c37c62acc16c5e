import pytest

from odh_nim.catalog import Catalog, find_model, find_tag
from odh_nim.domain.errors import UnknownModelError
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model


def model(repository: str, key: str = "") -> Model:
    name = repository.rsplit("/", 1)[-1]
    return Model(key or name, name, repository, ("1.8.5", "1.8", "latest"))


CATALOG = Catalog(
    (model("nim/a/m"), model("nim/b/m", "m--b"), model("nim/meta/llama-3.1-8b-instruct")),
    source="ConfigMap ns/name",
)


@pytest.mark.parametrize(
    ("text", "repository"),
    [
        ("llama-3.1-8b-instruct", "nim/meta/llama-3.1-8b-instruct"),
        ("meta/llama-3.1-8b-instruct:1.8.5", "nim/meta/llama-3.1-8b-instruct"),
        ("nvcr.io/nim/b/m", "nim/b/m"),
        ("m--b", "nim/b/m"),
    ],
)
def test_model_is_found_by_name_team_or_key(text: str, repository: str) -> None:
    assert find_model(CATALOG, ModelReference.parse(text)).repository == repository


def test_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UnknownModelError, match=r"Did you mean llama-3\.1-8b-instruct\?"):
        find_model(CATALOG, ModelReference("llama-3.1-8b-instrukt"))


def test_name_of_two_teams_wants_the_team() -> None:
    """R-CAT-09."""
    with pytest.raises(UnknownModelError, match="More than one team offers m: a/m, b/m"):
        find_model(CATALOG, ModelReference("m"))


def test_unknown_tag_names_the_nearest() -> None:
    with pytest.raises(UnknownModelError, match=r"no tag 1\.8\.6\. Did you mean 1\.8\.5"):
        find_tag(CATALOG.models[0], "1.8.6")


def test_tag_is_compared_byte_for_byte() -> None:
    with pytest.raises(UnknownModelError):
        find_tag(CATALOG.models[0], "1.8.0")

    assert find_tag(CATALOG.models[0], "1.8") == "1.8"
