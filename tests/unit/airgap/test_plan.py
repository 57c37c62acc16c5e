import contextlib
import json

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.airgap.model_list import parse_model_list, schema
from odh_nim.airgap.oci import parse_config, parse_manifest
from odh_nim.airgap.plan_file import parse_plan, render_plan
from odh_nim.airgap.resolve import Resolved, resolve
from odh_nim.catalog.catalog import parse_catalog
from odh_nim.domain.errors import MirrorPlanError, OdhNimError, UnusableManifestError
from odh_nim.registry.raw import RawManifest
from support.catalogs import config_map, entry
from support.registry_images import OCI, image, index, layer
from support.registry_plans import mirror, nim_source, publish, references
from support.registry_server import FakeRegistry, Fault, serve

GOOD = """
version: 1
platform: linux/amd64
models:
- meta/llama-3.1-8b-instruct:1.8.5
- model: nvidia/nv-embedqa-e5-v5
  tags: ["1.0.0", latest]
  profiles: [tp1-fp8]
  weights: ./cache
images:
- quay.io/opendatahub/kserve-agent:v0.15
- kserve/agent:v0.15.0
"""


def test_a_list_names_models_tags_profiles_and_other_images() -> None:
    """R-AIR-01."""
    found = parse_model_list(GOOD)

    assert [str(model.reference) for model in found.models] == [
        "meta/llama-3.1-8b-instruct",
        "nvidia/nv-embedqa-e5-v5",
    ]
    assert found.models[0].tags == ("1.8.5",)
    assert found.models[1].profiles == ("tp1-fp8",)
    assert [str(each) for each in found.images] == [
        "quay.io/opendatahub/kserve-agent:v0.15",
        "docker.io/kserve/agent:v0.15.0",
    ]


BAD = """
version: 2
modells: []
platform: windows
models:
- 5
- {model: "Not/A Model"}
- {model: a/b, tags: [1.10], sizes: 3}
- {model: "a/c:1.0", tags: ["2.0"]}
- {model: a/d, profiles: ["../x"]}
- a/e
- a/e
images: ["no reference at all", 7]
"""


def test_all_mistakes_of_a_list_are_named_at_once() -> None:
    """AG-01, R-AIR-01."""
    with pytest.raises(MirrorPlanError) as error:
        parse_model_list(BAD)

    text = str(error.value)
    for words in (
        "`modells` is not known",
        "version",
        "platform",
        "models[1]",
        "models[2]",
        "Put numbers in quotes",
        "`sizes` is not known",
        "models[4]",
        "models[5]",
        "a/e is there twice",
        "images[1]",
        "images[2]",
    ):
        assert words in text
    assert error.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "[]", "models: {}", "a: [", "models: []", "models: [[]]"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(MirrorPlanError):
        parse_model_list(text)


def test_the_schema_agrees_with_the_reader() -> None:
    """R-AIR-01."""
    validator = jsonschema_rs.validator_for(json.loads(schema()))

    assert validator.is_valid(yaml.safe_load(GOOD))
    for text in (
        BAD,
        "{}",
        "models: [{tags: ['1']}]",
        "models: [{model: a/b, tags: [1.1]}]",
        "models: [{model: a/b, extra: 1}]",
        "{models: [a/b], platform: darwin}",
    ):
        assert not validator.is_valid(yaml.safe_load(text))
        with pytest.raises(MirrorPlanError):
            parse_model_list(text)


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_one_error(text: str) -> None:
    with contextlib.suppress(MirrorPlanError):
        assert parse_model_list(text).models


# ── Resolving ───────────────────────────────────────────────────────────────────────────────────
def plan_of(registry: FakeRegistry, text: str, **options: object) -> Resolved:
    with serve(registry) as host, mirror(host) as made:
        made.stores["nvcr.io"] = made.stores[host]
        return resolve(parse_model_list(text), made.open, **options)  # type: ignore[arg-type]  # passed through


def five_problems() -> FakeRegistry:
    registry = nim_source(5)
    registry.faults = [
        Fault("401", "GET .*m1/manifests", times=9),
        Fault("403", "GET .*m2/manifests", times=9),
        Fault("402", "GET .*m3/manifests", times=9),
        Fault("451", "GET .*m4/manifests", times=9),
    ]
    return registry


def test_a_plan_reports_every_problem_at_once_and_downloads_no_layer() -> None:
    """AG-01, R-AIR-02."""
    registry = five_problems()
    models = "models: [team/m0, 'team/m0b:1', 'team/m1:1.0.0', 'team/m2:1.0.0', 'team/m3:1.0.0', "
    models += "'team/m4:1.0.0', 'team/other:1.0.0', {model: team/m00, tags: ['9.9.9']}]"
    publish(registry, "nim/team/m00", "1.0.0", image([layer(10, "z")]))
    before = registry.read.total()

    found = plan_of(registry, models)

    assert [(problem.subject.rpartition("/")[2], problem.code) for problem in found.problems] == [
        ("m0", "no-tag"),
        ("m0b:1", "unknown-model"),
        ("m1:1.0.0", "key-refused"),
        ("m2:1.0.0", "terms"),
        ("m3:1.0.0", "no-entitlement"),
        ("m4:1.0.0", "eu-restricted"),
        ("other:1.0.0", "unknown-model"),
        ("m00:9.9.9", "unknown-tag"),
    ]
    assert registry.read.total() == before
    assert all(problem.remedy for problem in found.problems)


def test_a_registry_that_cannot_be_asked_is_no_missing_model() -> None:
    """AG-01: cannot tell is not no."""
    registry = nim_source(1)
    registry.faults = [Fault("503", "GET .*manifests", times=99)]

    found = plan_of(registry, "models: ['team/m0:1.0.0']")

    assert [problem.code for problem in found.problems] == ["could-not-ask"]


def test_every_tag_is_a_digest_and_two_plans_are_the_same_bytes() -> None:
    """AG-02."""
    registry = nim_source(3)
    text = "models: ['team/m1:1.0.0', 'team/m0:1.0.0', 'team/m2:1.0.0']"

    first, second = plan_of(registry, text), plan_of(registry, text)
    rendered = render_plan(first.plan)

    assert render_plan(second.plan) == rendered
    assert parse_plan(rendered) == first.plan
    document = yaml.safe_load(rendered)
    assert [each["image"] for each in document["images"]] == [
        f"nvcr.io/nim/team/m{number}:1.0.0" for number in range(3)
    ]
    assert all(each["manifest"]["digest"].startswith("sha256:") for each in document["images"])
    assert all(each["manifest"]["platform"] == "linux/amd64" for each in document["images"])


def test_unique_and_naive_bytes_are_known_before_anything_moves() -> None:
    """AG-03, R-AIR-02."""
    registry = nim_source(3, shared=300_000, own=100_000)

    plan = plan_of(registry, "models: ['team/m1:1.0.0', 'team/m0:1.0.0', 'team/m2:1.0.0']").plan

    assert 600_000 < plan.unique_bytes < 610_000
    assert 1_200_000 < plan.naive_bytes < 1_210_000


def test_the_catalogue_gives_the_tag_the_team_and_the_facts() -> None:
    registry = FakeRegistry()
    publish(registry, "nim/meta/llama-3.1-8b-instruct", "1.8.5", image([layer(10, "z")]))
    catalog = parse_catalog(
        config_map({"llama-3.1-8b-instruct": entry(defaultTag="1.8.5", euRestricted=True)})
    )

    found = plan_of(registry, "models: [llama-3.1-8b-instruct]", catalog=catalog)
    wrong = plan_of(registry, "models: [llama-3.1-8b-instuct]", catalog=catalog)

    assert found.problems == ()
    assert str(found.plan.images[0].reference) == "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
    assert found.plan.images[0].model is not None
    assert found.plan.images[0].model.eu_restricted
    assert [problem.code for problem in wrong.problems] == ["unknown-model"]
    assert "llama-3.1-8b-instruct" in wrong.problems[0].remedy


def test_native_v1_is_read_from_the_label_of_the_image() -> None:
    """AG-51."""
    registry = FakeRegistry()
    labels = {"com.nvidia.nim.model_download_protocol": "native-v1"}
    publish(registry, "nim/nvidia/embed", "2.2.2", image([layer(10, "z")], labels=labels))

    plan = plan_of(registry, "models: ['nvidia/embed:2.2.2']").plan

    assert plan.images[0].download_protocol == "native-v1"


def test_an_image_for_another_platform_is_a_problem() -> None:
    """AG-04, F44."""
    registry = FakeRegistry()
    arm = image([layer(10, "z")], architecture="arm64")
    publish(registry, "nim/team/m0", "1.0.0", arm)
    publish(registry, "nim/team/m1", arm.digest, arm)
    publish(registry, "nim/team/m1", "1.0.0", index((arm, "arm64")))

    found = plan_of(registry, "models: ['team/m0:1.0.0', 'team/m1:1.0.0']")

    assert [problem.code for problem in found.problems] == ["unusable", "unusable"]
    assert "linux/arm64" in found.problems[1].message


def test_two_registries_with_one_path_would_overwrite_each_other() -> None:
    registry = nim_source(1)

    found = plan_of(registry, "{models: ['team/m0:1.0.0'], images: [quay.io/nim/team/m0:1.0.0]}")

    assert [problem.code for problem in found.problems] == ["same-path"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"schemaVersion": 1, "fsLayers": []}',
        b'{"schemaVersion": 2}',
        b'{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"x","size":1},"layers":[]}',
        json.dumps(
            {
                "schemaVersion": 2,
                "config": {"mediaType": "a/b", "digest": "sha256:" + "0" * 64, "size": 1},
                "layers": [
                    {
                        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                        "digest": "sha256:" + "0" * 64,
                        "size": 1,
                    }
                ],
            }
        ).encode(),
    ],
    ids=["empty", "list", "schema-1", "no-layers", "bad-digest", "foreign"],
)
def test_manifests_that_cannot_be_mirrored_say_why(body: bytes) -> None:
    """F44, S15."""
    with pytest.raises(UnusableManifestError):
        parse_manifest(RawManifest(body, OCI))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_one_error(body: bytes) -> None:
    parse_config(body)
    with contextlib.suppress(UnusableManifestError):
        parse_manifest(RawManifest(body, OCI))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1", "version: 7"),
        ("sha256:", "sha512:"),
        ("size: ", "size: -"),
        ("image: nvcr.io/", "image: nvcr.io/UPPER/"),
        ("platform:", "platforn:"),
    ],
)
def test_a_changed_plan_is_refused(before: str, after: str) -> None:
    plan = render_plan(plan_of(nim_source(1), "models: ['team/m0:1.0.0']").plan)

    with pytest.raises(OdhNimError):
        parse_plan(plan.replace(before, after))


def test_a_digest_alone_is_mirrored_under_its_digest() -> None:
    registry = nim_source(1)
    digest = next(tag for _, tag in registry.manifests if tag.startswith("sha256:"))
    target = FakeRegistry()
    with serve(registry) as one, serve(target) as two, mirror(one, two) as made:
        reference = references(one, 1)[0].__class__("nim/team/m0", None, digest, one)
        plan = made.plan(reference)
        assert made.copy(plan, two).exit_code == 0

    assert ("nim/team/m0", digest) in target.manifests
