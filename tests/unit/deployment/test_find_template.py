"""The cluster's Template wins; a missing or broken one is replaced by ours, and said."""

import copy

import pytest

from odh_nim.deployment.find_template import find_template
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.templates import packaged_template
from odh_nim.manifests.yaml import dump_yaml, load_yaml
from support.cluster import FakeCluster

PLACE = "opendatahub"
FILES = {
    Protocol.HTTP: "runtimes/nim-http-template.yaml",
    Protocol.GRPC: "runtimes/nim-grpc-template.yaml",
}


def shipped(protocol: Protocol) -> Manifest:
    template: Manifest = load_yaml(read_shipped(FILES[protocol]))
    template["metadata"]["namespace"] = PLACE
    return template


def as_config_map(template: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": template["metadata"]["name"], "namespace": PLACE},
        "data": {"template.yaml": dump_yaml(template)},
    }


@pytest.mark.anyio
@pytest.mark.parametrize("protocol", list(Protocol))
async def test_template_of_the_cluster_wins(protocol: Protocol) -> None:
    """R-TPL-09, R-PROTO-03."""
    changed = shipped(protocol)
    changed["objects"][0]["metadata"]["annotations"]["openshift.io/display-name"] = "Ours"

    template, notices = await find_template(
        FakeCluster(changed), protocol, applications_namespace=PLACE
    )

    assert template.display_name == "Ours"
    assert template.protocol is protocol
    assert notices == ()


@pytest.mark.anyio
async def test_config_map_stands_for_it_where_the_kind_is_not_served() -> None:
    """R-TPL-07, 09, R-EXT-03."""
    cluster = FakeCluster(as_config_map(shipped(Protocol.GRPC)))
    cluster.not_served = {"Template"}

    template, notices = await find_template(cluster, Protocol.GRPC, applications_namespace=PLACE)

    assert template.name == "nvidia-nim-runtime-grpc"
    assert notices == ()


def without_objects() -> Manifest:
    return copy.deepcopy(shipped(Protocol.HTTP)) | {"objects": []}


def speaking_grpc() -> Manifest:
    template = copy.deepcopy(shipped(Protocol.GRPC))
    template["metadata"]["name"] = "nvidia-nim-runtime-http"
    return template


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (None, "There is none in opendatahub"),
        (without_objects(), "does not hold exactly one object"),
        (speaking_grpc(), "It is one for gRPC"),
    ],
)
async def test_packaged_one_takes_the_place_of_a_missing_or_broken_one(
    template: Manifest | None, reason: str
) -> None:
    """R-TPL-09: with a notice."""
    cluster = FakeCluster(*([template] if template else []))

    found, (notice,) = await find_template(cluster, Protocol.HTTP, applications_namespace=PLACE)

    assert found == packaged_template(Protocol.HTTP)
    assert reason in notice.message
    assert notice.subject == "Template/nvidia-nim-runtime-http"


@pytest.mark.anyio
async def test_packaged_one_is_used_where_it_may_not_be_read() -> None:
    """R-TPL-08, 09."""
    cluster = FakeCluster(shipped(Protocol.HTTP))
    cluster.forbidden = {"get Template"}

    _, (notice,) = await find_template(cluster, Protocol.HTTP, applications_namespace=PLACE)

    assert "may not be read" in notice.message
