import base64
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.airgap.oci import Blob, ManifestRef
from odh_nim.airgap.plan import ModelFacts, Plan, PlannedImage
from odh_nim.airgap.resources.catalog import build_mirror_catalog
from odh_nim.airgap.resources.mirrors import Mirror, kyverno_policy, mirror_sets
from odh_nim.airgap.resources.pull_secret import MirrorLogin, merge, merge_pull_secret
from odh_nim.airgap.resources.tags import choose_tags
from odh_nim.airgap.resources.write import ResourceRequest, build_resources
from odh_nim.airgap.verified import FoundImage, Verified
from odh_nim.catalog.catalog import parse_catalog
from odh_nim.catalog.configuration import parse_nim_config
from odh_nim.domain.errors import (
    ConfigurationError,
    ConflictError,
    InputError,
    MirrorPlanError,
    NotFoundError,
)
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.sandbox import openshift
from support.catalogs import config_map, entry

CRDS = Path(openshift.__file__).parent / "crds"
MIRROR = Mirror("mirror.example.com:5000", "site/nv")


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def planned(
    name: str, tag: str, number: int, *, registry: str = "nvcr.io", model: bool = True
) -> PlannedImage:
    return PlannedImage(
        ImageReference(name, tag, registry=registry),
        ManifestRef(
            digest(number), 500, "application/vnd.oci.image.manifest.v1+json", "linux/amd64"
        ),
        (Blob(digest(1000 + number), 10**9),),
        digest(number),
        model=ModelFacts(name.rpartition("/")[2], family="llm") if model else None,
    )


PLAN = Plan(
    (
        planned("opendatahub/kserve-agent", "v0.15", 9, registry="quay.io", model=False),
        planned("nim/meta/llama-3.1-8b-instruct", "1.8.5", 1),
        planned("nim/meta/llama-3.1-8b-instruct", "1.8", 1),
        planned("nim/meta/llama-3.1-8b-instruct", "latest", 1),
        planned("nim/nvidia/embed", "1.0", 2),
        planned("nim/nvidia/embed", "2.0.0-rc1", 3),
    )
)


def found(*images: PlannedImage) -> Verified:
    seen = tuple(FoundImage(image.name, image.manifest.digest) for image in images)
    return Verified("mirror.example.com:5000/site/nv", "plan-hash", seen)


def request(**changes: Any) -> ResourceRequest:
    return replace(ResourceRequest(PLAN, found(*PLAN.images), MIRROR), **changes)


def files(**changes: Any) -> dict[str, str]:
    return build_resources(request(**changes)).files


def test_both_mirror_sets_come_sorted_with_one_object_each() -> None:
    """AG-40, R-AIR-07."""
    digests, tags = mirror_sets(PLAN, MIRROR)

    assert (digests["kind"], tags["kind"]) == ("ImageDigestMirrorSet", "ImageTagMirrorSet")
    assert digests["spec"]["imageDigestMirrors"] == tags["spec"]["imageTagMirrors"]
    assert tags["spec"]["imageTagMirrors"] == [
        {"source": "nvcr.io/nim", "mirrors": ["mirror.example.com:5000/site/nv/nim"]},
        {
            "source": "quay.io/opendatahub",
            "mirrors": ["mirror.example.com:5000/site/nv/opendatahub"],
        },
    ]


def test_resources_are_the_same_bytes_for_the_same_mirror() -> None:
    """AG-40."""
    turned = Plan(tuple(reversed(PLAN.images)))

    assert build_resources(request(plan=turned)).files == files()


@pytest.mark.parametrize("never", [False, True])
def test_mirror_sets_pass_the_schema_and_patterns_of_openshift(never: bool) -> None:  # noqa: FBT001 - a case
    """AG-40: the schema of the CRD, and the patterns of openshift/api's source and mirrors."""
    mirror = replace(MIRROR, never_contact_source=never)
    for name in ("imagedigestmirrorsets", "imagetagmirrorsets"):
        crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        validator = jsonschema_rs.validator_for(schema)
        kind = crd["spec"]["names"]["kind"]
        manifest = next(each for each in mirror_sets(PLAN, mirror) if each["kind"] == kind)
        validator.validate(manifest)
        for each in next(iter(manifest["spec"].values())):
            assert re.fullmatch(SOURCE, each["source"])
            assert all(re.fullmatch(MIRRORS, one) for one in each["mirrors"])
            policy = each.get("mirrorSourcePolicy")
            assert policy == ("NeverContactSource" if never else None)


# openshift/api config/v1 types_image_digest_mirror_set.go, +kubebuilder:validation:Pattern
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"
_PATH = r"(?:/[a-z0-9]+(?:(?:(?:[._]|__|[-]*)[a-z0-9]+)+)?)*"
SOURCE = rf"(?:\*(?:\.{_LABEL})+|{_HOST}{_PATH})"
MIRRORS = rf"{_HOST}{_PATH}"


def test_digest_mode_leaves_the_tag_set_out_where_nothing_is_pulled_by_tag() -> None:
    """AG-41."""
    models = Plan(tuple(image for image in PLAN.images if image.model))

    assert [each["kind"] for each in mirror_sets(models, MIRROR, digest_only=True)] == [
        "ImageDigestMirrorSet"
    ]
    with pytest.raises(MirrorPlanError, match=r"kserve-agent:v0\.15 is pulled by its tag"):
        mirror_sets(PLAN, MIRROR, digest_only=True)
    never = replace(MIRROR, never_contact_source=True)
    with pytest.raises(MirrorPlanError, match="never-contact-source"):
        mirror_sets(models, never, digest_only=True)


def test_the_drain_of_nodes_is_told_before_the_tag_set_is_applied() -> None:
    """AG-41, R-AIR-07."""
    both = build_resources(request())
    models = Plan(tuple(image for image in PLAN.images if image.model))
    digests = build_resources(request(plan=models, digest_only=True))

    assert any(each.code == "nodes-drain" and "drains" in each.message for each in both.findings)
    assert not any(each.code == "nodes-drain" for each in digests.findings)
    assert "itms.yaml" not in digests.files


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        (
            MIRROR,
            {
                "server": "https://nvcr.io",
                "host": {
                    "https://mirror.example.com:5000/v2/site/nv": {
                        "capabilities": ["pull", "resolve"],
                        "override_path": True,
                        "ca": "/etc/site.crt",
                    }
                },
            },
        ),
        (
            Mirror("127.0.0.1:5000", plain=True, never_contact_source=True),
            {
                "server": "http://127.0.0.1:5000",
                "host": {
                    "http://127.0.0.1:5000": {
                        "capabilities": ["pull", "resolve"],
                        "ca": "/etc/site.crt",
                    }
                },
            },
        ),
    ],
)
def test_containerd_gets_a_file_per_registry(mirror: Mirror, expected: dict[str, Any]) -> None:
    """AG-43."""
    made = files(mirror=mirror, ca="/etc/site.crt")

    assert tomllib.loads(made["certs.d/nvcr.io/hosts.toml"]) == expected
    assert "certs.d/quay.io/hosts.toml" in made


def rewritten(policy: Manifest, image: str) -> str:
    """Run the first rule's expression as the regular expression that it is."""
    rule = policy["spec"]["rules"][0]["mutate"]["foreach"][0]
    expression = rule["patchStrategicMerge"]["spec"]["containers"][0]["image"]
    match = re.search(r"literal\('(.+?)', '\{\{element.image\}\}', '(.+?)'\)", expression)
    assert match
    return re.sub(match[1], match[2], image)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("docker.io/kserve/agent:v0.17.0", "mirror.example.com:5000/site/nv/kserve/agent:v0.17.0"),
        ("kserve/agent:v0.17.0", "mirror.example.com:5000/site/nv/kserve/agent:v0.17.0"),
        ("quay.io/kserve/agent:v0.17.0", "quay.io/kserve/agent:v0.17.0"),
        ("kservex/agent:1", "kservex/agent:1"),
    ],
)
def test_the_policy_knows_dockers_images_without_their_host(image: str, expected: str) -> None:
    """AG-43: KServe's own configuration may leave the host out."""
    agent = planned("kserve/agent", "v0.17.0", 9, registry="docker.io", model=False)

    assert rewritten(kyverno_policy(Plan((agent,)), MIRROR), image) == expected


def test_the_policy_rewrites_text_only_and_nothing_else() -> None:
    """AG-43: the expressions are taken out and run as the regular expressions they are."""
    policy = kyverno_policy(PLAN, MIRROR)
    text = json.dumps(policy)

    assert "imageRegistry" not in text
    assert (
        policy["metadata"]["annotations"]["pod-policies.kyverno.io/autogen-controllers"] == "none"
    )
    assert (
        rewritten(policy, "nvcr.io/nim/meta/llama:1.8.5")
        == "mirror.example.com:5000/site/nv/nim/meta/llama:1.8.5"
    )
    for other in (
        "nvcr.io/nvidia/driver:1",
        "nvcrxio/nim/x",
        "nvcr.io/nimble/x",
        "x/nvcr.io/nim/y",
    ):
        assert rewritten(policy, other) == other
    names = [each["name"] for each in policy["spec"]["rules"]]
    assert len(set(names)) == 4
    assert all(len(name) <= 63 for name in names)


def test_a_cluster_without_any_rule_gets_images_named_in_the_mirror() -> None:
    """AG-43."""
    made = files(rename=True)

    catalog = parse_catalog(yaml.safe_load(made["nvidia-nim-models-mirror.yaml"]))
    model = next(each for each in catalog.models if each.name == "llama-3.1-8b-instruct")
    image = "mirror.example.com:5000/site/nv/nim/meta/llama-3.1-8b-instruct:1.8.5"
    assert str(model.image("1.8.5")) == image
    assert not {"idms.yaml", "itms.yaml", "kyverno.yaml"} & set(made)


# ── The catalogue ───────────────────────────────────────────────────────────────────────────────
def test_the_catalogue_holds_exactly_what_verify_found() -> None:
    """AG-44, R-AIR-06."""
    all_of_it = build_mirror_catalog(PLAN, found(*PLAN.images))
    less = build_mirror_catalog(PLAN, found(*PLAN.images[:5]))
    catalog = parse_catalog(all_of_it.manifest)

    tags = {model.name: model.tags for model in catalog.models}
    assert tags == {"llama-3.1-8b-instruct": ("1.8.5",), "embed": ("2.0.0-rc1", "1.0")}
    assert {m.name: m.tags for m in parse_catalog(less.manifest).models}["embed"] == ("1.0",)
    assert catalog.broken == ()
    assert not catalog.edited
    for model in catalog.models:
        assert model.latest_tag in model.tags
        assert set(model.digests) == set(model.tags)
        assert model.repository.startswith("nim/")
        assert model.registry == "nvcr.io"
        assert model.architectures == ("amd64",)
        assert model.size_bytes == 10**9
    marks = all_of_it.manifest["metadata"]["annotations"]
    assert marks["nim.opendatahub.io/mirror-plan"] == "plan-hash"
    assert [each.code for each in all_of_it.findings] == ["tag-kept"]


def test_a_model_that_is_not_in_the_mirror_is_named_and_left_out() -> None:
    """AG-44, AG-23."""
    made = build_mirror_catalog(PLAN, found(PLAN.images[1]))

    assert list(made.manifest["data"]) == ["llama-3.1-8b-instruct"]
    assert [each.subject for each in made.findings] == ["nim/nvidia/embed"]
    with pytest.raises(MirrorPlanError, match="Nothing of the plan"):
        build_mirror_catalog(PLAN, found())


def test_the_shipped_catalogue_gives_texts_marks_and_the_date() -> None:
    """AG-44."""
    base = parse_catalog(config_map({"llama-3.1-8b-instruct": entry(euRestricted=True)}))

    made = build_mirror_catalog(
        PLAN,
        found(*PLAN.images),
        base=base,
        profiles={PLAN.images[1].name: ["tp1-fp8"]},
    )

    model = parse_catalog(made.manifest).models[1]
    assert model.display_name == "Llama 3.1 8B Instruct"
    assert model.eu_restricted
    assert model.model_profiles == {"1.8.5": ("tp1-fp8",)}
    assert made.manifest["metadata"]["annotations"]["nim.opendatahub.io/catalog-date"] == (
        "2026-01-09T19:00:37.264Z"
    )


@pytest.mark.parametrize(
    ("tags", "kept", "warned"),
    [
        ({"1.8.5": 1, "1.8": 1, "1": 1, "latest": 1}, {"1.8.5"}, 0),
        ({"1.8": 1, "latest": 1}, {"1.8", "latest"}, 2),
        ({"1.8.5": 1, "1.9": 2}, {"1.8.5", "1.9"}, 1),
        ({"1.14.0-pb5.3": 1, "1.14": 1}, {"1.14.0-pb5.3"}, 0),
        ({"1.14.0-pb5.3": 1, "1.14.0": 2}, {"1.14.0-pb5.3", "1.14.0"}, 0),
        ({"latest": 3}, {"latest"}, 1),
        ({"24.08": 1, "24.08.1": 2}, {"24.08", "24.08.1"}, 1),
    ],
)
def test_moving_and_short_tags_go_where_a_full_version_is_the_same_image(
    tags: dict[str, int], kept: set[str], warned: int
) -> None:
    """AG-44, R-AIR-06."""
    chosen = choose_tags({tag: digest(number) for tag, number in tags.items()})

    assert set(chosen.digests) == kept
    assert len(chosen.warnings) == warned


@given(
    st.dictionaries(
        st.sampled_from(["latest", "1", "1.8", "1.8.5", "1.8.5-x", "2.0.0", "v3", "stable"]),
        st.integers(0, 3),
        min_size=1,
    )
)
def test_no_image_and_no_model_vanishes(tags: dict[str, int]) -> None:
    """AG-44, R-AIR-06."""
    chosen = choose_tags({tag: digest(number) for tag, number in tags.items()})

    assert {digest(number) for number in tags.values()} == set(chosen.digests.values())


def test_the_configuration_is_read_by_our_own_reader() -> None:
    """R-AIR-07, R-AIR-08."""
    made = files(namespace="redhat-ods-applications")
    stored = yaml.safe_load(made["nim-config.yaml"])
    config = parse_nim_config(yaml.safe_load(stored["data"]["nimConfig"]), source="x")
    patch = yaml.safe_load(made["dashboard-config.patch.yaml"])

    # Our own configuration is no reason for a remark at every command.
    assert config.findings == ()
    assert not config.collect_keys
    assert not config.may_ask_nvidia
    assert config.custom_config_map is not None
    assert config.custom_config_map.name == "nvidia-nim-models-mirror"
    assert patch["spec"]["nimConfig"]["customConfigMap"]["namespace"] == "redhat-ods-applications"
    # Dashboards of the first edition know this one only.
    assert patch["spec"]["nimConfig"]["disableKeyValidation"] is True
    assert patch["spec"]["nimConfig"]["disconnected"] == {"disableKeyCollection": True}
    keyed = yaml.safe_load(files(collect_keys=True)["dashboard-config.patch.yaml"])
    assert "disconnected" not in keyed["spec"]["nimConfig"]


# ── The pull secret ─────────────────────────────────────────────────────────────────────────────
LOGIN = MirrorLogin("mirror.example.com:5000", "robot", "pass-canary")
EXISTING = json.dumps(
    {"auths": {"quay.io": {"auth": "eHg=", "email": "a@b"}}, "credHelpers": {"x": "y"}}
).encode()


def test_a_merge_keeps_every_entry_and_changes_nothing_the_second_time() -> None:
    """AG-42."""
    first = merge(EXISTING, LOGIN)
    second = merge(first.content, LOGIN)
    other = merge(first.content, replace(LOGIN, password="new-canary"))

    document = json.loads(first.content)
    assert document["auths"]["quay.io"] == {"auth": "eHg=", "email": "a@b"}
    assert document["credHelpers"] == {"x": "y"}
    expected = base64.b64encode(b"robot:pass-canary").decode()
    assert document["auths"][LOGIN.host] == {"auth": expected}
    assert first.lines() == ["  quay.io", "+ mirror.example.com:5000"]
    assert (second.change[0], second.content) == ("=", first.content)
    assert other.change[0] == "~"
    assert "canary" not in repr(first) + repr(LOGIN) + "".join(first.lines())


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"auths": []}'])
def test_a_pull_secret_that_is_none_is_not_replaced(content: bytes) -> None:
    with pytest.raises(InputError, match="no docker configuration"):
        merge(content, LOGIN)


class Secrets:
    def __init__(self, conflicts: int = 0) -> None:
        self.secret: Manifest = {
            "kind": "Secret",
            "metadata": {"name": "pull-secret", "resourceVersion": "1"},
            "data": {".dockerconfigjson": base64.b64encode(EXISTING).decode()},
        }
        self.conflicts = conflicts
        self.writes: list[bool] = []

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        assert (name, namespace) == ("pull-secret", "openshift-config")
        return self.secret

    async def replace(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        self.writes.append(dry_run)
        if self.conflicts:
            self.conflicts -= 1
            raise ConflictError("replace Secret/pull-secret", "it changed")
        if not dry_run:
            self.secret = manifest
        return manifest


@pytest.mark.anyio
async def test_the_global_pull_secret_is_merged_once_also_when_it_changes_meanwhile() -> None:
    """AG-42, R-AIR-07."""
    cluster = Secrets(conflicts=1)

    await merge_pull_secret(cluster, LOGIN, dry_run=True)
    assert (
        merge(base64.b64decode(cluster.secret["data"][".dockerconfigjson"]), LOGIN).change[0] == "+"
    )
    await merge_pull_secret(cluster, LOGIN)
    again = await merge_pull_secret(cluster, LOGIN)

    assert cluster.writes == [True, True, False]
    assert again.change == "= mirror.example.com:5000"
    stored = json.loads(base64.b64decode(cluster.secret["data"][".dockerconfigjson"]))
    assert set(stored["auths"]) == {"quay.io", "mirror.example.com:5000"}
    assert cluster.secret["metadata"]["resourceVersion"] == "1"


@pytest.mark.anyio
async def test_a_cluster_without_a_global_pull_secret_is_told_apart() -> None:
    """AG-42: plain Kubernetes."""

    class Without(Secrets):
        async def get(
            self, resource: ApiResource, name: str, namespace: str | None = None
        ) -> Manifest:
            raise NotFoundError(f"get {resource.kind}/{name} in {namespace}", "not found")

    with pytest.raises(ConfigurationError, match="only OpenShift has one"):
        await merge_pull_secret(Without(), LOGIN)
