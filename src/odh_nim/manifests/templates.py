"""The two runtime Templates, as a cluster holds them or as they are shipped."""

import copy
from dataclasses import dataclass, field
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.errors import ConfigurationError, InputError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import SERVING_RUNTIMES
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.template_view import TemplateView, mappings
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
    name = describe(manifest)
    view = TemplateView(_unwrapped(manifest))
    objects = view.template.get("objects")
    if not isinstance(objects, list) or len(objects) != 1:
        raise _broken(name, "it does not hold exactly one object")
    wanted = (SERVING_RUNTIMES.api_version, SERVING_RUNTIMES.kind)
    if (view.runtime.get("apiVersion"), view.runtime.get("kind")) != wanted:
        raise _broken(name, f"its object is no ServingRuntime of {SERVING_RUNTIMES.api_version}")
    _check_runtime(name, view)
    return RuntimeTemplate(
        protocol=_protocol(name, view),
        name=view.name,
        display_name=str(view.runtime_annotations.get(names.DISPLAY_NAME) or view.name),
        runtime=view.runtime,
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
    if not TemplateView(template).name:
        raise _broken(name, "the Template has no name")
    return template


def _check_runtime(name: str, view: TemplateView) -> None:
    """Check what the deploy step builds on; the lint checks everything else."""
    if not isinstance(view.runtime.get("metadata"), dict) or not view.spec:
        raise _broken(name, "its ServingRuntime has no metadata or no spec")
    if [item.get("name") for item in view.containers].count(names.KSERVE_CONTAINER) != 1:
        raise _broken(name, f"its ServingRuntime has no container {names.KSERVE_CONTAINER}")
    lists = {"volumes": [view.spec.get("volumes")]}
    lists |= {
        place: [container.get(place) for container in view.containers]
        for place in ("env", "volumeMounts")
    }
    for place, found in lists.items():
        if not all(map(_has_named_items, found)):
            raise _broken(name, f"its {place} are no list of things with names")


def _has_named_items(items: Any) -> bool:
    if items is None:
        return True
    named = [item for item in mappings(items) if isinstance(item.get("name"), str)]
    return isinstance(items, list) and len(named) == len(items)


def _protocol(name: str, view: TemplateView) -> Protocol:
    spelling = view.annotations.get(names.API_PROTOCOL) or view.runtime_annotations.get(
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
