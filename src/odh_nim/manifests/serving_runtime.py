"""The ServingRuntime of a deployment: the Template's, with what the image's family needs.

The cluster's Template wins: only what belongs to the deployment or follows from the family is
replaced, everything else an admin put there stays.
"""

import re
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec, ExistingClaim, KeyChoice
from odh_nim.domain.family import Family
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.families import families
from odh_nim.manifests.templates import RuntimeTemplate

_VOLUME_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PROBES: Final = {
    "startupProbe": "ready_path",
    "readinessProbe": "ready_path",
    "livenessProbe": "live_path",
}


def build_serving_runtime(
    spec: DeploymentSpec, template: RuntimeTemplate, *, family: Family, request_id: str
) -> Manifest:
    """Build the ServingRuntime that only this deployment uses; it has the deployment's name."""
    runtime = template.copy_of_runtime()
    runtime["metadata"] = _metadata(spec, template, request_id)
    runtime["spec"]["supportedModelFormats"] = [
        # Never chosen by itself for other models of the project.
        {"name": spec.model.name, "version": spec.tag, "autoSelect": False, "priority": 1}
    ]
    container = _container(runtime)
    container["image"] = str(spec.model.image(spec.tag, pin=spec.pin))
    # Sizes are the InferenceService's: what is written there wins anyway.
    container.pop("resources", None)
    _set_ports(container, spec.protocol, family)
    _set_probes(container, family)
    _set_metrics(runtime, family)
    _set_storage(runtime, spec, family)
    _set_environment(container, spec, family)
    _set_pull_secret(runtime, spec)
    return runtime


def key_references(spec: DeploymentSpec) -> tuple[str, str] | None:
    """Name the key Secret and the pull Secret a deployment refers to; None where it has no key."""
    if spec.key is KeyChoice.NONE:
        return None
    owner = spec.name if spec.key is KeyChoice.OWN else None
    return names.key_secret(owner), names.pull_secret(owner)


def _metadata(spec: DeploymentSpec, template: RuntimeTemplate, request_id: str) -> Manifest:
    before = template.runtime["metadata"]
    return {
        "name": spec.name,
        "namespace": spec.namespace,
        "labels": {**(before.get("labels") or {}), **names.OBJECT_LABELS},
        "annotations": {
            **(before.get("annotations") or {}),
            names.NIM_RUNTIME: "true",
            names.API_PROTOCOL: spec.protocol.api_protocol,
            names.TEMPLATE_NAME: template.name,
            names.TEMPLATE_DISPLAY_NAME: template.display_name,
            names.DISPLAY_NAME: template.display_name,
            names.REQUEST_ID: request_id,
        },
    }


def _container(runtime: Manifest) -> Manifest:
    return next(
        container
        for container in runtime["spec"]["containers"]
        if container["name"] == names.KSERVE_CONTAINER
    )


def _set_ports(container: Manifest, protocol: Protocol, family: Family) -> None:
    wanted: list[tuple[str, int | None]] = [(names.HTTP_PORT_NAME, family.http_port)]
    if protocol is Protocol.GRPC:
        # First: the Service's port 80 is made from it, and nothing else is routed to.
        wanted.insert(0, (names.GRPC_PORT_NAME, family.grpc_port))
        if not family.http_beside_grpc:
            wanted.pop()
    if wanted[0][1] is None:
        # Nobody documents the port (a hand-made entry): the Template's is as good a guess as any.
        return
    container["ports"] = [
        {"name": name, "containerPort": port, "protocol": "TCP"} for name, port in wanted if port
    ]


def _set_probes(container: Manifest, family: Family) -> None:
    for probe, path in _PROBES.items():
        found = container.get(probe)
        if found is None:
            continue
        for handler in ("httpGet", "tcpSocket", "grpc", "exec"):
            found.pop(handler, None)
        if family.http_port is None:
            handler, check = "tcpSocket", {"port": family.grpc_port}
        else:
            handler, check = "httpGet", {"path": getattr(family, path), "port": family.http_port}
        # The handler first, as a reader expects it.
        container[probe] = {handler: check, **found}


def _set_metrics(runtime: Manifest, family: Family) -> None:
    annotations: dict[str, str] = runtime["spec"].get("annotations") or {}
    if family.metrics_port is None:
        # A scrape target that is always down would be an alarm without a cause.
        for name in (names.METRICS_PORT, names.METRICS_PATH):
            annotations.pop(name, None)
    else:
        annotations[names.METRICS_PATH] = family.metrics_path
        annotations[names.METRICS_PORT] = str(family.metrics_port)
    runtime["spec"].pop("annotations", None)
    if annotations:
        runtime["spec"]["annotations"] = annotations


def _set_storage(runtime: Manifest, spec: DeploymentSpec, family: Family) -> None:
    container = _container(runtime)
    volumes, mounts = _of_template(runtime, container)
    claim, sub_path = _claim(spec)
    # Named like the claim, as in stock, where a volume may have that name.
    taken = {names.SHM_VOLUME, *(volume["name"] for volume in volumes)}
    may_name = _VOLUME_NAME.fullmatch(claim) and claim not in taken
    cache = claim if may_name else names.CACHE_VOLUME
    memory = {"medium": "Memory", "sizeLimit": spec.shm_size}
    runtime["spec"]["volumes"] = [
        {"name": cache, "persistentVolumeClaim": {"claimName": claim}},
        {"name": names.SHM_VOLUME, "emptyDir": memory},
        *volumes,
    ]
    container["volumeMounts"] = [
        _mount(cache, names.CACHE_PATH, sub_path),
        _mount(names.SHM_VOLUME, names.SHM_PATH),
        *mounts,
    ]
    if family.caches_natively(spec.tag):
        container["volumeMounts"] += [
            _mount(cache, path, "/".join(filter(None, (sub_path, folder))))
            for folder, path in names.NATIVE_CACHE_MOUNTS.items()
        ]
    for path in family.writable_paths:
        name = f"nim{path.replace('/', '-')}"
        runtime["spec"]["volumes"].append({"name": name, "emptyDir": {}})
        container["volumeMounts"].append(_mount(name, path))


def _of_template(runtime: Manifest, container: Manifest) -> tuple[list[Manifest], list[Manifest]]:
    """Give the Template's volumes and mounts without the cache and the shared memory.

    They go by name or by path: an admin's copy may call them otherwise.
    """
    replaced = {names.CACHE_VOLUME, names.SHM_VOLUME}
    mounts: list[Manifest] = container.get("volumeMounts") or []
    replaced |= {
        mount["name"]
        for mount in mounts
        if mount.get("mountPath") in (names.CACHE_PATH, names.SHM_PATH)
    }
    volumes: list[Manifest] = runtime["spec"].get("volumes") or []
    return (
        [volume for volume in volumes if volume["name"] not in replaced],
        [mount for mount in mounts if mount["name"] not in replaced],
    )


def _claim(spec: DeploymentSpec) -> tuple[str, str]:
    if isinstance(spec.storage, ExistingClaim):
        return spec.storage.name, spec.storage.sub_path or ""
    return names.cache_claim(spec.name), ""


def _mount(volume: str, path: str, sub_path: str = "") -> Manifest:
    mount = {"name": volume, "mountPath": path}
    return {**mount, "subPath": sub_path} if sub_path else mount


def _set_environment(container: Manifest, spec: DeploymentSpec, family: Family) -> None:
    ports = family.env(spec.protocol, spec.tag)
    ours = _variables_of_families() | {names.API_KEY_FIELD, names.CACHE_PATH_ENV}
    env: list[dict[str, Any]] = [{"name": names.CACHE_PATH_ENV, "value": names.CACHE_PATH}]
    env += [item for item in container.get("env") or [] if item["name"] not in ours]
    env += [{"name": name, "value": value} for name, value in ports.items()]
    if references := key_references(spec):
        secret = {"name": references[0], "key": names.API_KEY_FIELD}
        name = family.key_variable_of(spec.model.name)
        env.append({"name": name, "valueFrom": {"secretKeyRef": secret}})
    container["env"] = env


def _variables_of_families() -> set[str]:
    """Collect what families set: a Template's own value for one of them fits one family only."""
    variables: set[str] = set()
    for family in families().values():
        variables |= {family.key_variable, *family.key_variables.values()}
        for environment in family.environment.values():
            variables |= set(environment)
        for by_major in family.environment_by_major.values():
            variables = variables.union(*by_major.values())
    return variables


def _set_pull_secret(runtime: Manifest, spec: DeploymentSpec) -> None:
    runtime["spec"].pop("imagePullSecrets", None)
    if references := key_references(spec):
        runtime["spec"]["imagePullSecrets"] = [{"name": references[1]}]
