"""The two runtime Templates, as a cluster holds them or as they are shipped."""

import copy
from dataclasses import dataclass, field
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.errors import ConfigurationError, InputError
from odh_nim.domain.manifest import Manifest, annotations, describe
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import SERVING_RUNTIMES
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.yaml import load_yaml

_FILES: Final = {
    Protocol.HTTP: "runtimes/nim-http-template.yaml",
    Protocol.GRPC: "runtimes/nim-grpc-template.yaml",
}
_NAMES: Final = {Protocol.HTTP: names.HTTP_TEMPLATE, Protocol.GRPC: names.GRPC_TEMPLATE}


@dataclass(frozen=True)
class RuntimeTemplate:
    """A Template that deployments of one protocol are made from.

    `runtime` is the ServingRuntime inside; `display_name` is what deployments show of it.
    """

    protocol: Protocol
    name: str
    display_name: str
    runtime: Manifest = field(repr=False)

    def copy_of_runtime(self) -> Manifest:
        """Give a copy that may be changed."""
        return copy.deepcopy(self.runtime)


def template_name(protocol: Protocol) -> str:
    """Name the Template of a protocol, and the ConfigMap that stands for it."""
    return _NAMES[protocol]


def packaged_template(protocol: Protocol) -> RuntimeTemplate:
    """Give the Template as this release ships it."""
    return parse_template(load_yaml(read_shipped(_FILES[protocol])))


def parse_template(manifest: Manifest) -> RuntimeTemplate:
    """Read a Template, or the ConfigMap that holds it where the kind is not served.

    Raises:
        ConfigurationError: Nothing can be deployed from it; the message says why.

    """
    template = _unwrapped(manifest)
    name = describe(manifest)
    objects = template.get("objects")
    if not isinstance(objects, list) or len(objects) != 1 or not isinstance(objects[0], dict):
        raise _broken(name, "it does not hold exactly one object")
    runtime: Manifest = objects[0]
    wanted = (SERVING_RUNTIMES.api_version, SERVING_RUNTIMES.kind)
    if (runtime.get("apiVersion"), runtime.get("kind")) != wanted:
        raise _broken(name, f"its object is no ServingRuntime of {SERVING_RUNTIMES.api_version}")
    _check_runtime(name, runtime)
    return RuntimeTemplate(
        protocol=_protocol(name, template, runtime),
        name=template["metadata"]["name"],
        display_name=annotations(runtime).get(names.DISPLAY_NAME, template["metadata"]["name"]),
        runtime=runtime,
    )


def _unwrapped(manifest: Manifest) -> Manifest:
    name = describe(manifest)
    template: Any = manifest
    if manifest.get("kind") == "ConfigMap":
        try:
            template = load_yaml((manifest.get("data") or {})[names.TEMPLATE_CONFIG_MAP_KEY])
        except KeyError:
            raise _broken(name, f"it has no key {names.TEMPLATE_CONFIG_MAP_KEY}") from None
        except InputError as error:
            raise _broken(name, f"its key holds no YAML: {error.message}") from None
    if not isinstance(template, dict) or template.get("kind") != "Template":
        raise _broken(name, "it is no Template")
    metadata = template.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise _broken(name, "the Template has no name")
    return template


def _check_runtime(name: str, runtime: Manifest) -> None:
    """Check what the deploy step builds on; the lint checks everything else."""
    spec = runtime.get("spec")
    if not isinstance(runtime.get("metadata"), dict) or not isinstance(spec, dict):
        raise _broken(name, "its ServingRuntime has no metadata or no spec")
    containers = spec.get("containers")
    if not isinstance(containers, list) or not all(isinstance(item, dict) for item in containers):
        raise _broken(name, "its ServingRuntime has no containers")
    if [item.get("name") for item in containers].count(names.KSERVE_CONTAINER) != 1:
        raise _broken(name, f"its ServingRuntime has no container {names.KSERVE_CONTAINER}")


def _protocol(name: str, template: Manifest, runtime: Manifest) -> Protocol:
    spelling = annotations(template).get(names.API_PROTOCOL) or annotations(runtime).get(
        names.API_PROTOCOL
    )
    for protocol in Protocol:
        if protocol.api_protocol == spelling:
            return protocol
    raise _broken(name, f"its annotation {names.API_PROTOCOL} is neither REST nor gRPC")


def _broken(name: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} cannot be used as a runtime Template: {reason}.",
        remedy="Install the shipped one again, see the installation guide.",
    )
