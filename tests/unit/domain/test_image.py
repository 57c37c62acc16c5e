import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.errors import InputError
from odh_nim.domain.image import ImageReference, ModelReference, tag_major
from odh_nim.domain.model import Model
from odh_nim.sandbox.nvidia.seeds import read_seed

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
TAGS = [(seed.repository, tag) for seed in read_seed() for tag in seed.tags]
REPOSITORIES = st.from_regex(
    r"[a-z0-9]{1,9}([._-][a-z0-9]{1,9}){0,2}(/[a-z0-9]{1,9}([.-]|__)[a-z0-9]{1,9}){0,3}",
    fullmatch=True,
)
HOSTS = st.sampled_from(
    ["nvcr.io", "localhost", "localhost:5000", "10.0.0.1:5000", "mirror.example.com:65535", "m:80"]
)


def test_every_tag_of_the_catalogue_comes_back_byte_for_byte() -> None:
    """R-DEP-18."""
    assert len(TAGS) == 1130
    for repository, tag in TAGS:
        image = Model("a", "a", repository, (tag,)).image(tag)
        text = str(image)
        assert text == f"nvcr.io/{repository}:{tag}"
        assert ImageReference.parse(text) == image
        assert ImageReference.parse(text).tag == tag


@given(
    HOSTS,
    REPOSITORIES,
    st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True),
    st.none() | st.just(DIGEST),
)
def test_any_image_comes_back_as_it_was_written(
    host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    """R-DEP-18."""
    if tag is None and digest is None:
        digest = DIGEST
    image = ImageReference(repository, tag, digest, host)

    assert ImageReference.parse(str(image)) == image


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nvcr.io/nim/meta/llama:1.8", "nvcr.io", "nim/meta/llama", "1.8", None),
        ("nim/meta/llama:1.8", "nvcr.io", "nim/meta/llama", "1.8", None),
        (f"nim/meta/llama@{DIGEST}", "nvcr.io", "nim/meta/llama", None, DIGEST),
        (f"nvcr.io/nim/x:1.3.8@{DIGEST}", "nvcr.io", "nim/x", "1.3.8", DIGEST),
        ("mirror:5000/x:1", "mirror:5000", "x", "1", None),
        ("localhost/x:1", "localhost", "x", "1", None),
        # Two tags that the stock dashboard takes for one.
        ("nim/x:24.08", "nvcr.io", "nim/x", "24.08", None),
        ("nim/x:1.3", "nvcr.io", "nim/x", "1.3", None),
    ],
)
def test_references_are_split_as_registries_do(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert ImageReference.parse(text) == ImageReference(repository, tag, digest, registry)


@pytest.mark.parametrize(
    "text",
    [
        "", "nvcr.io", "nvcr.io/", "nvcr.io/nim/x", "nvcr.io/nim/x:", "nvcr.io/Nim/x:1", "nim//x:1",
        "/nim/x:1", "nim/x:1:2", "nim/x:-1", "nim/x:.1", f"nim/x:{'a' * 129}", "nim/x@sha256:abc",
        f"nim/x@{DIGEST.upper()}", f"nim/x@{DIGEST}@{DIGEST}", "nim/x:1\n", "nim/ x:1", "nim/x:1 ",
        "nim/x..y:1", "nim/-x:1", "nim/x-:1", "mirror:x/nim/x:1", "mirror:123456/x:1",
        "-mirror.io/x:1", "mirror..io/x:1", "user@mirror.io/x:1", "https://nvcr.io/nim/x:1",
        f"{'a/' * 128}x:1", "nim/../x:1", "nim/x:$(id)", "nim/ünïcode:1",
    ],
)  # fmt: skip
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        ImageReference.parse(text)

    assert "\n" not in str(refused.value)


@given(st.text(max_size=50) | st.text("ab./:@-_0 ", max_size=30))
def test_any_text_is_an_image_or_an_error(text: str) -> None:
    try:
        image = ImageReference.parse(text)
    except InputError:
        return
    assert ImageReference.parse(str(image)) == image


def test_pinned_image_names_the_same_tag_and_the_digest() -> None:
    image = ImageReference.parse("nvcr.io/nim/x:1.3.8")

    assert str(image.pinned(DIGEST)) == f"nvcr.io/nim/x:1.3.8@{DIGEST}"
    assert image.name == "x"


@pytest.mark.parametrize(
    ("text", "name", "team", "tag"),
    [
        ("llama", "llama", None, None),
        ("llama:1.8", "llama", None, "1.8"),
        ("meta/llama", "llama", "meta", None),
        ("nim/meta/llama:1", "llama", "meta", "1"),
        (" nvcr.io/nim/meta/llama:latest ", "llama", "meta", "latest"),
    ],
)
def test_models_are_named_shortly_or_in_full(
    text: str, name: str, team: str | None, tag: str | None
) -> None:
    found = ModelReference.parse(text)

    assert found == ModelReference(name, team, tag)
    assert ModelReference.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a/b/c", "a:", "a:b c", "a:b:c", "a//b"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        ModelReference.parse(text)


@pytest.mark.parametrize(
    ("tag", "major"),
    [
        ("1", 1),
        ("1.8.5", 1),
        ("2.0-rc1", 2),
        ("v3.1", 3),
        ("24.08", 24),
        ("1_0", 1),
        ("10-RTX", 10),
        ("latest", None),
        ("1b-latest", None),
        ("vnext", None),
        ("", None),
        ("-1", None),
    ],
)
def test_major_version_is_read_where_a_tag_has_one(tag: str, major: int | None) -> None:
    assert tag_major(tag) == major


@given(st.text(max_size=20))
def test_any_text_has_a_major_version_or_none(text: str) -> None:
    major = tag_major(text)

    assert major is None or text.removeprefix("v").startswith(tuple("0123456789"))
