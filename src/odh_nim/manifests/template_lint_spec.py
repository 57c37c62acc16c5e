"""The rules of a right NIM runtime Template: the spec of the ServingRuntime inside."""

from collections.abc import Iterator
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.errors import InvalidQuantityError
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.quantity import GIB, parse_quantity
from odh_nim.manifests.template_view import Rule, TemplateView, mapping, mappings

_HTTP_PORT: Final = 8000
_METRICS: Final = {names.METRICS_PORT: str(_HTTP_PORT), names.METRICS_PATH: "/v1/metrics"}
_READY: Final = "/v1/health/ready"
_LIVE: Final = "/v1/health/live"
_FIRST_START: Final = 20 * 60
_ALIVE_AGAIN: Final = 30
_SECRET_VARIABLES: Final = {"NGC_API_KEY", "NGC_CLI_API_KEY", "HF_TOKEN"}
_SECRET_FIELDS: Final = {"secretKeyRef", "envFrom", "imagePullSecrets", "secret", "secretName"}
_USER_FIELDS: Final = {
    "runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "hostNetwork", "hostPID", "hostIPC",
}  # fmt: skip
_PLACEMENT: Final = {
    "replicas", "minReplicas", "maxReplicas", "tolerations", "nodeSelector", "affinity",
}  # fmt: skip
_OTHER_RUNTIMES: Final = {
    "workerSpec", "builtInAdapter", "disabled", "grpcEndpoint", "grpcDataEndpoint",
    "httpDataEndpoint",
}  # fmt: skip
_MOUNTS: Final = {names.CACHE_PATH, names.SHM_PATH, *names.WRITABLE_MOUNTS.values()}


def _keys(value: Any) -> Iterator[str]:
    """Give every key at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _has(value: Any, unwanted: set[str]) -> bool:
    return not unwanted.isdisjoint(_keys(value))


def _is_grpc_name(name: Any) -> bool:
    return isinstance(name, str) and ("h2c" in name or "grpc" in name)


def _first_port_is_right(view: TemplateView) -> bool:
    port = next(iter(view.ports), {})
    number = port.get("containerPort")
    if port.get("protocol", "TCP") != "TCP" or not isinstance(number, int):
        return False
    if view.protocol is Protocol.HTTP:
        return number == _HTTP_PORT and not _is_grpc_name(port.get("name"))
    return number != _HTTP_PORT and _is_grpc_name(port.get("name"))


def _ports_are_named(view: TemplateView) -> bool:
    found = [port.get("name") for port in view.ports]
    return len(found) <= 1 or (None not in found and len(set(found)) == len(found))


def _cache_path_is_the_mount(view: TemplateView) -> bool:
    mount = view.mounts.get(names.CACHE_VOLUME, {}).get("mountPath", names.CACHE_PATH)
    return {view.environment.get(names.CACHE_PATH_ENV), mount} == {names.CACHE_PATH}


def _has_no_secrets(view: TemplateView) -> bool:
    return not _has(view.spec, _SECRET_FIELDS) and not _SECRET_VARIABLES & set(view.environment)


def _has_placeholder_format(view: TemplateView) -> bool:
    formats = view.spec.get("supportedModelFormats")
    found = mappings(formats)
    return (
        isinstance(formats, list)
        and len(formats) == len(found) == 1
        and isinstance(found[0].get("name"), str)
        and found[0].get("autoSelect") in (None, False)
    )


def _protocol_versions(view: TemplateView) -> list[Any]:
    found = view.spec.get("protocolVersions")
    return found if isinstance(found, list) else []


def _accepts_its_protocol(view: TemplateView) -> bool:
    found = _protocol_versions(view)
    if view.protocol is Protocol.GRPC:
        return found == ["grpc-v2"]
    return "v2" in found and all(version in ("v2", "grpc-v2") for version in found)


def _mounts_match_volumes(view: TemplateView) -> bool:
    mounts = [mount.get("name") for mount in mappings(view.container.get("volumeMounts"))]
    volumes = [volume.get("name") for volume in mappings(view.spec.get("volumes"))]
    return sorted(map(str, mounts)) == sorted(map(str, volumes)) and len(set(mounts)) == len(mounts)


def _has_all_mounts(view: TemplateView) -> bool:
    return {mount.get("mountPath") for mount in view.mounts.values()} == _MOUNTS


def _cache_is_the_claim(view: TemplateView) -> bool:
    volume = mapping(view.volumes.get(names.CACHE_VOLUME, {}).get("persistentVolumeClaim"))
    mount = view.mounts.get(names.CACHE_VOLUME, {})
    return volume.get("claimName") == names.CACHE_VOLUME and not {
        "subPath",
        "subPathExpr",
    } & set(mount)


def _shared_memory_is_limited(view: TemplateView) -> bool:
    memory = mapping(view.volumes.get(names.SHM_VOLUME, {}).get("emptyDir"))
    try:
        size = parse_quantity(str(memory.get("sizeLimit", "")))
    except InvalidQuantityError:
        return False
    return memory.get("medium") == "Memory" and size >= 2 * GIB


def _others_are_empty_and_writable(view: TemplateView) -> bool:
    others = set(view.volumes) - {names.CACHE_VOLUME, names.SHM_VOLUME}
    return all(
        set(view.volumes[name]) == {"name", "emptyDir"}
        and not view.mounts.get(name, {}).get("readOnly")
        for name in others
    )


def _probes(view: TemplateView, probe: str, path: str) -> bool:
    found = mapping(view.container.get(probe))
    get = mapping(found.get("httpGet"))
    timeout = found.get("timeoutSeconds")
    return (
        get.get("path") == path
        and get.get("port") == _HTTP_PORT
        and isinstance(timeout, int)
        and timeout > 1
    )


def _seconds(view: TemplateView, probe: str) -> int:
    """Give how long a probe lets a container be without an answer."""
    found = mapping(view.container.get(probe))
    amounts = (
        found.get("initialDelaySeconds", 0),
        found.get("periodSeconds", 10),
        found.get("failureThreshold", 3),
    )
    if not all(isinstance(amount, int) for amount in amounts):
        return 0
    return int(amounts[0] + amounts[1] * amounts[2])


def _is_unprivileged(view: TemplateView) -> bool:
    security = mapping(view.container.get("securityContext"))
    return not _has(view.spec, _USER_FIELDS) and not security.get("privileged")


def _values_are_text(view: TemplateView) -> bool:
    groups = (
        view.labels, view.annotations, view.runtime_labels, view.runtime_annotations,
        mapping(view.spec.get("labels")), mapping(view.spec.get("annotations")),
        view.environment,
    )  # fmt: skip
    return all(
        isinstance(value, str) or (group is groups[-1] and value is None)
        for group in groups
        for value in group.values()
    )


def _is_restricted(view: TemplateView) -> bool:
    security = mapping(view.container.get("securityContext"))
    return (
        security.get("allowPrivilegeEscalation") is False
        and mapping(security.get("capabilities")).get("drop") == ["ALL"]
        and mapping(security.get("seccompProfile")).get("type") == "RuntimeDefault"
    )


SPEC_RULES: Final = (
    Rule(
        "M20",
        "spec.annotations name port 8000 and /v1/metrics: without them there are no metrics",
        lambda view: (
            {name: mapping(view.spec.get("annotations")).get(name) for name in _METRICS} == _METRICS
        ),
    ),
    Rule("M21", "multiModel is false", lambda view: view.spec.get("multiModel") is False),
    Rule(
        "M22",
        f"there is one container, {names.KSERVE_CONTAINER}",
        lambda view: [item.get("name") for item in view.containers] == [names.KSERVE_CONTAINER],
    ),
    Rule("M23", "the first port is the protocol's, by number and name", _first_port_is_right),
    Rule("M24", "several ports have names, all different", _ports_are_named),
    Rule(
        "S04",
        "gRPC has no second port: HTTP would get its calls",
        lambda view: view.protocol is Protocol.HTTP or len(view.ports) <= 1,
    ),
    Rule(
        "S05",
        "the HTTP port is called http or nothing",
        lambda view: (
            view.protocol is Protocol.GRPC
            or next(iter(view.ports), {}).get("name") in (None, names.HTTP_PORT_NAME)
        ),
    ),
    Rule(
        "M25",
        f"{names.CACHE_PATH_ENV} is {names.CACHE_PATH}, where the claim is mounted",
        _cache_path_is_the_mount,
    ),
    Rule("M26", "it refers to no Secret: the deploy step adds them", _has_no_secrets),
    Rule(
        "M27",
        "it asks for no resources: sizes are the deployment's",
        lambda view: not any(mapping(item.get("resources")) for item in view.containers),
    ),
    Rule("M28", "it has no image", lambda view: not any(c.get("image") for c in view.containers)),
    Rule(
        "M29",
        "it has no command and no arguments",
        lambda view: not any({"command", "args"} & set(item) for item in view.containers),
    ),
    Rule("M30", "it has one placeholder format, never selected by itself", _has_placeholder_format),
    Rule("M31", "protocolVersions are those of its protocol", _accepts_its_protocol),
    Rule(
        "S06",
        "HTTP claims v2 alone",
        lambda view: view.protocol is Protocol.GRPC or "grpc-v2" not in _protocol_versions(view),
    ),
    Rule("M32", "mounts and volumes match one to one", _mounts_match_volumes),
    Rule("M33", "the nine mounts that a random user needs are there", _has_all_mounts),
    Rule("M34", f"volume {names.CACHE_VOLUME} is the claim, at its root", _cache_is_the_claim),
    Rule("M35", "shared memory has a limit of 2Gi or more", _shared_memory_is_limited),
    Rule("M36", "the other volumes are empty and writable", _others_are_empty_and_writable),
    Rule(
        "M37",
        "the startup probe asks for ready on 8000 and waits 20 minutes or more",
        lambda view: (
            _probes(view, "startupProbe", _READY) and _seconds(view, "startupProbe") >= _FIRST_START
        ),
    ),
    Rule(
        "M38",
        "the readiness probe asks for ready on 8000, with more than a second to answer",
        lambda view: _probes(view, "readinessProbe", _READY),
    ),
    Rule(
        "M39",
        "the liveness probe asks for live on 8000 and forgives 30 seconds",
        lambda view: (
            _probes(view, "livenessProbe", _LIVE)
            and _seconds(view, "livenessProbe") >= _ALIVE_AGAIN
        ),
    ),
    Rule("M40", "it fixes no user and takes no privilege", _is_unprivileged),
    Rule(
        "M41",
        "it places nothing: replicas, nodes and tolerations are the deployment's",
        lambda view: not _has(view.spec, _PLACEMENT),
    ),
    Rule(
        "M42",
        "it is a plain runtime: no workers, no adapter, not disabled",
        lambda view: _OTHER_RUNTIMES.isdisjoint(view.spec),
    ),
    Rule("M44", "labels, annotations and variables are text", _values_are_text),
    Rule(
        "S07",
        f"gRPC sets {names.GRPC_BIND_ENV}: retriever 2.x listens only then",
        lambda view: (
            view.protocol is Protocol.HTTP
            or view.environment.get(names.GRPC_BIND_ENV)
            == f"0.0.0.0:{next(iter(view.ports), {}).get('containerPort')}"
        ),
    ),
    Rule("S08", "it asks for what Pod Security `restricted` wants", _is_restricted),
)
