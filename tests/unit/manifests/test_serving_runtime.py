"""What the table of compatibility does not say: other Templates, odd claims, switching."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from odh_nim.domain.deployment_spec import DeploymentSpec, ExistingClaim, KeyChoice
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.families import families, family_of
from odh_nim.manifests.serving_runtime import build_serving_runtime, key_references
from odh_nim.manifests.templates import RuntimeTemplate, packaged_template
from odh_nim.sandbox.nvidia.seeds import read_seed
from support.plans import EMBED, FACE, SPECS, spec


def runtime(chosen: DeploymentSpec, template: RuntimeTemplate | None = None) -> Manifest:
    return build_serving_runtime(
        chosen,
        template or packaged_template(chosen.protocol),
        family=family_of(chosen.model.family),
        request_id="r-1",
    )


def container(built: Manifest) -> Any:
    return built["spec"]["containers"][0]


def admins(change: dict[str, Any], in_container: dict[str, Any]) -> RuntimeTemplate:
    """Give the Template as an admin has changed it."""
    shipped = packaged_template(Protocol.HTTP)
    changed = shipped.copy_of_runtime()
    changed["spec"] |= change
    container(changed).update(in_container)
    return replace(shipped, runtime=changed)


def test_image_is_the_catalogues_tag_byte_for_byte_for_all_1130_tags() -> None:
    """R-DEP-18; UI-02."""
    count = 0
    for seed in read_seed():
        model = Model(seed.name, seed.name, seed.repository, seed.tags)
        for tag in seed.tags:
            built = runtime(spec(model, tag))
            assert container(built)["image"] == f"nvcr.io/{seed.repository}:{tag}"
            assert built["spec"]["supportedModelFormats"][0]["version"] == tag
            count += 1
    assert count == 1130


def test_pinned_image_has_the_tag_and_its_digest() -> None:
    """R-DEP-18."""
    digest = f"sha256:{'0' * 64}"
    model = replace(EMBED, digests={"1.6": digest})

    pinned = runtime(spec(model, "1.6", pin=True))
    unknown = runtime(spec(model, "2.4.0", pin=True))

    assert container(pinned)["image"] == f"nvcr.io/nim/nvidia/nv-embedqa-e5-v5:1.6@{digest}"
    assert container(unknown)["image"] == "nvcr.io/nim/nvidia/nv-embedqa-e5-v5:2.4.0"


def test_image_of_a_restricted_catalogue_comes_from_its_registry() -> None:
    model = replace(EMBED, registry="mirror.example.com:5000")

    built = runtime(spec(model, "1.6"))

    assert container(built)["image"] == "mirror.example.com:5000/nim/nvidia/nv-embedqa-e5-v5:1.6"


def test_what_an_admin_added_to_the_template_stays() -> None:
    """R-TPL-09."""
    template = admins(
        {"tolerations": [{"operator": "Exists"}], "annotations": {"sidecar.istio.io/inject": "no"}},
        {
            "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
            "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
        },
    )

    built = runtime(spec(), template)

    assert built["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert built["spec"]["annotations"]["sidecar.istio.io/inject"] == "no"
    assert container(built)["lifecycle"]
    assert [item["name"] for item in container(built)["env"]] == [
        "NIM_CACHE_PATH",
        "HTTPS_PROXY",
        "NGC_API_KEY",
    ]


def test_key_of_a_template_is_replaced_and_its_resources_go() -> None:
    """R-DEP-16: the stock Template asks for a Secret that nothing creates, and for two GPUs."""
    template = admins(
        {"imagePullSecrets": [{"name": "ngc-secret"}]},
        {
            "resources": {"limits": {"nvidia.com/gpu": "2"}},
            "env": [
                {"name": "NIM_CACHE_PATH", "value": "/elsewhere"},
                {"name": "NGC_API_KEY", "value": "x"},
                {"name": "NGC_CLI_API_KEY", "value": "x"},
            ],
        },
    )

    keyless = runtime(spec(key=KeyChoice.NONE), template)
    own = runtime(spec(key=KeyChoice.OWN), template)

    assert "imagePullSecrets" not in keyless["spec"]
    assert container(keyless)["env"] == [{"name": "NIM_CACHE_PATH", "value": "/mnt/models/cache"}]
    assert own["spec"]["imagePullSecrets"] == [{"name": "nvidia-nim-image-pull-demo"}]
    assert container(own)["env"][1]["valueFrom"]["secretKeyRef"]["name"] == (
        "nvidia-nim-secrets-demo"
    )
    assert "resources" not in container(keyless)


def test_cache_and_shared_memory_of_a_template_are_replaced_by_path_too() -> None:
    """R-DEP-15."""
    template = admins(
        {
            "volumes": [
                {"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}},
                {"name": "dshm", "emptyDir": {"medium": "Memory"}},
                {"name": "more", "emptyDir": {}},
            ]
        },
        {
            "volumeMounts": [
                {"name": "weights", "mountPath": "/mnt/models/cache"},
                {"name": "dshm", "mountPath": "/dev/shm"},  # noqa: S108 - a mount in a container
                {"name": "more", "mountPath": "/more"},
            ]
        },
    )

    built = runtime(spec(), template)

    assert [volume["name"] for volume in built["spec"]["volumes"]] == [
        "nim-pvc-demo",
        "shm",
        "more",
    ]
    assert [mount["mountPath"] for mount in container(built)["volumeMounts"]] == [
        "/mnt/models/cache",
        "/dev/shm",  # noqa: S108 - a mount in a container
        "/more",
    ]


@pytest.mark.parametrize(
    ("claim", "volume"),
    [
        ("weights", "weights"),
        ("with.dots", "nim-pvc"),
        ("a" * 63, "a" * 63),
        ("a" * 64, "nim-pvc"),
        # Taken by other volumes.
        ("shm", "nim-pvc"),
        ("nim-cache", "nim-pvc"),
    ],
)
def test_volume_has_the_claims_name_where_a_volume_may(claim: str, volume: str) -> None:
    """R-DEP-14; UI-16."""
    built = runtime(spec(storage=ExistingClaim(claim)))

    names = [item["name"] for item in built["spec"]["volumes"]]
    assert built["spec"]["volumes"][0] == {
        "name": volume,
        "persistentVolumeClaim": {"claimName": claim},
    }
    assert len(set(names)) == len(names)


def test_caches_of_newer_images_are_below_the_chosen_folder() -> None:
    storage = ExistingClaim("weights", "team/a")

    mounts = container(runtime(spec(EMBED, "2.4.0", storage=storage)))["volumeMounts"]

    assert {mount["mountPath"]: mount["subPath"] for mount in mounts if "subPath" in mount} == {
        "/mnt/models/cache": "team/a",
        "/model": "team/a/model",
        "/opt/cache": "team/a/opt-cache",
    }


def test_template_without_probes_or_metrics_gets_metrics_but_no_probes() -> None:
    shipped = packaged_template(Protocol.HTTP)
    bare = copy.deepcopy(shipped.runtime)
    del bare["spec"]["annotations"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        del container(bare)[probe]

    built = runtime(spec(), replace(shipped, runtime=bare))

    assert built["spec"]["annotations"]["prometheus.io/port"] == "8000"
    assert "startupProbe" not in container(built)


def test_port_that_nobody_documents_is_the_templates() -> None:
    """A hand-made entry may offer gRPC for a family of which no port is known."""
    built = runtime(spec(protocol=Protocol.GRPC))

    assert container(built)["ports"] == [{"name": "h2c", "containerPort": 8001, "protocol": "TCP"}]


def test_switching_there_and_back_gives_the_first_runtime() -> None:
    """R-PROTO-05."""
    http, grpc = (spec(EMBED, "1.6", protocol=protocol) for protocol in Protocol)

    first, second, third = runtime(http), runtime(grpc), runtime(http)

    assert first == third != second
    for name in ("name", "namespace", "labels"):
        assert first["metadata"][name] == second["metadata"][name]
    assert container(first)["image"] == container(second)["image"]
    assert container(first)["volumeMounts"] == container(second)["volumeMounts"]
    assert first["spec"]["volumes"] == second["spec"]["volumes"]
    assert first["spec"]["imagePullSecrets"] == second["spec"]["imagePullSecrets"]


@pytest.mark.parametrize("family", families())
def test_every_family_gives_a_runtime_for_all_it_speaks(family: str) -> None:
    """R-PROTO-04."""
    for protocol in families()[family].protocols:
        model = replace(FACE, family=family)
        built = container(runtime(spec(model, "1.0", protocol=protocol)))
        first = built["ports"][0]
        assert ("h2c" in first["name"]) is (protocol is Protocol.GRPC)
        assert len({variable["name"] for variable in built["env"]}) == len(built["env"])


@pytest.mark.parametrize("scenario", SPECS)
def test_building_changes_neither_the_template_nor_the_spec(scenario: str) -> None:
    chosen = SPECS[scenario]
    template = packaged_template(chosen.protocol)
    before = copy.deepcopy((template, chosen))

    built = runtime(chosen, template)
    container(built)["env"].clear()

    assert (template, chosen) == before


def test_key_references_name_both_secrets_or_none() -> None:
    """R-DEP-16, R-KEY-18."""
    assert key_references(spec(key=KeyChoice.NONE)) is None
    assert key_references(spec()) == ("nvidia-nim-secrets", "nvidia-nim-image-pull")
    assert key_references(spec(key=KeyChoice.OWN)) == (
        "nvidia-nim-secrets-demo",
        "nvidia-nim-image-pull-demo",
    )
