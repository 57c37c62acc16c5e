import copy
from typing import Any

import pytest

from odh_nim.domain.errors import ConfigurationError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.templates import packaged_template, parse_template, template_name
from odh_nim.manifests.yaml import load_yaml

HTTP: Manifest = load_yaml(read_shipped("runtimes/nim-http-template.yaml"))


def config_map(text: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "nvidia-nim-runtime-http"},
        "data": {"template.yaml": text},
    }


@pytest.mark.parametrize("protocol", Protocol)
def test_packaged_template_is_the_shipped_one_of_its_protocol(protocol: Protocol) -> None:
    """R-TPL-01, R-TPL-09, R-PROTO-03."""
    template = packaged_template(protocol)

    assert template.protocol is protocol
    assert template.name == template_name(protocol) == f"nvidia-nim-runtime-{protocol}"
    assert template.display_name == "NVIDIA NIM"
    assert template.runtime["metadata"]["name"] == template.name


def test_config_map_stands_for_the_template_where_the_kind_is_not_served() -> None:
    """R-TPL-07."""
    text = read_shipped("runtimes/nim-http-template.yaml")

    assert parse_template(config_map(text)) == packaged_template(Protocol.HTTP)


def test_what_an_admin_changed_is_kept() -> None:
    """R-TPL-09."""
    template = copy.deepcopy(HTTP)
    template["metadata"] |= {"namespace": "opendatahub", "resourceVersion": "7", "uid": "u"}
    template["objects"][0]["metadata"]["annotations"]["openshift.io/display-name"] = "Our NIM"

    found = parse_template(template)

    assert found.display_name == "Our NIM"
    assert found.runtime == template["objects"][0]


def test_copy_of_the_runtime_can_be_changed_without_harm() -> None:
    template = packaged_template(Protocol.HTTP)

    template.copy_of_runtime()["spec"]["containers"].clear()

    assert template == packaged_template(Protocol.HTTP)


def changed(path: str, value: Any) -> Manifest:
    template: Any = copy.deepcopy(HTTP)
    target = template
    *parts, last = [int(part) if part.isdigit() else part for part in path.split("|")]
    for part in parts:
        target = target[part]
    target[last] = value
    result: Manifest = template
    return result


BOX = "objects|0|spec|containers|0"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ({"kind": "Template", "metadata": {"name": "a"}}, "exactly one object"),
        (changed("objects", []), "exactly one object"),
        (changed("objects", HTTP["objects"] * 2), "exactly one object"),
        (changed("objects", ["text"]), "no ServingRuntime"),
        (changed("objects|0|kind", "ConfigMap"), "no ServingRuntime"),
        (changed("objects|0|apiVersion", "serving.kserve.io/v1"), "no ServingRuntime"),
        (changed("objects|0|spec", None), "no spec"),
        (changed("objects|0|metadata", "text"), "no metadata"),
        (changed("objects|0|spec|containers", "text"), "no container kserve-container"),
        (changed(f"{BOX}|name", "nim"), "no container kserve-container"),
        (changed(f"{BOX}|env", {"NIM": "1"}), "its env are"),
        (changed(f"{BOX}|env", [{"value": "1"}]), "its env are"),
        (changed(f"{BOX}|volumeMounts", ["x"]), "its volumeMounts are"),
        (changed("objects|0|spec|volumes", [None]), "its volumes are"),
        (changed("metadata|name", ""), "no name"),
        (changed("metadata", None) | {"kind": "Pod", "metadata": {"name": "a"}}, "no Template"),
        (config_map("kind: ConfigMap"), "no Template"),
        (config_map("- a"), "no Template"),
        (config_map("a: [nvapi-canary"), "holds no YAML"),
        (config_map("x") | {"data": None}, "no key template.yaml"),
    ],
)
def test_broken_template_says_what_is_wrong(template: Manifest, reason: str) -> None:
    """R-TPL-09."""
    with pytest.raises(ConfigurationError, match=reason) as refused:
        parse_template(template)

    assert refused.value.remedy
    assert "nvapi-canary" not in str(refused.value)


def test_template_that_names_no_protocol_is_refused() -> None:
    template = copy.deepcopy(HTTP)
    for metadata in (template["metadata"], template["objects"][0]["metadata"]):
        metadata["annotations"]["opendatahub.io/apiProtocol"] = "SOAP"

    with pytest.raises(ConfigurationError, match="neither REST nor gRPC"):
        parse_template(template)
