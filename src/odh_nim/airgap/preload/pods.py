"""The pods that fill a claim: with the mounts, paths and folders of the runtime that will serve.

They fit OpenShift's `restricted-v2` and Pod Security `restricted`: no fixed user where the
platform gives one, no privilege, no GPU.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.errors import InputError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import JOBS

# Where the loader finds its lists and a mounted bundle.
LISTS: Final = "/odh-nim/lists"
BUNDLE: Final = "/odh-nim/bundle"
_CONTAINER: Final = "preload"
_BACKOFF: Final = 3
_HOME_SUFFIX: Final = "cache"
_RESTRICTED: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class JobOptions:
    """What differs from cluster to cluster."""

    deadline_seconds: int = 6 * 3600
    # Plain Kubernetes with Pod Security "restricted"; OpenShift gives a user of its own.
    run_as_user: int | None = None
    proxies: Mapping[str, str] | None = None
    ca_config_map: str | None = None
    node_selector: Mapping[str, str] | None = None


def download_job(
    name: str,
    runtime: Manifest,
    *,
    profiles: Sequence[str],
    native: bool,
    all_profiles: bool = False,
    options: JobOptions | None = None,
) -> Manifest:
    """Build the Job that downloads weights with the project's key, from the runtime to serve.

    Profiles are named one by one: all of them are many times the size of one.

    Raises:
        InputError: No profile is named for an image that has some.

    """
    options = options or JobOptions()
    pod = _pod_of_runtime(runtime, options)
    container = pod["containers"][0]
    if native:
        container["env"].append({"name": "NIM_ENGINE_MODEL_DOWNLOAD_ONLY", "value": "1"})
    elif all_profiles:
        container["command"] = ["download-to-cache", "--all"]
    elif profiles:
        words = [word for profile in profiles for word in ("-p", profile)]
        container["command"] = ["download-to-cache", *words]
    else:
        raise InputError(
            "No profile is named.",
            remedy="Name one with --profile (list-model-profiles in the image shows them).",
        )
    return _job(name, runtime["metadata"]["namespace"], pod, options)


def loader_job(
    name: str,
    namespace: str,
    *,
    claim: str,
    sub_path: str,
    image: str,
    lists: str,
    bundle_claim: str,
    bundle_path: str,
    model_folder: str,
    options: JobOptions | None = None,
) -> Manifest:
    """Build the Job that fills a claim from a bundle in another claim."""
    options = options or JobOptions()
    pod = loader_pod_spec(claim=claim, sub_path=sub_path, image=image, lists=lists, options=options)
    pod["volumes"].append(
        {"name": "bundle", "persistentVolumeClaim": {"claimName": bundle_claim, "readOnly": True}}
    )
    container = pod["containers"][0]
    container["volumeMounts"].append({"name": "bundle", "mountPath": BUNDLE, "readOnly": True})
    folder = "/".join(
        part for part in (BUNDLE, bundle_path, "models", model_folder, "files") if part
    )
    container["command"] = ["sh", f"{LISTS}/load.sh", "copy", folder]
    return _job(name, namespace, pod, options)


def loader_pod(
    name: str,
    namespace: str,
    *,
    claim: str,
    sub_path: str,
    image: str,
    lists: str,
    options: JobOptions | None = None,
) -> Manifest:
    """Build the pod that waits for files on its standard input, sent by `exec`."""
    options = options or JobOptions()
    pod = loader_pod_spec(claim=claim, sub_path=sub_path, image=image, lists=lists, options=options)
    pod["activeDeadlineSeconds"] = options.deadline_seconds
    pod["containers"][0]["command"] = ["sh", "-c", f"sleep {options.deadline_seconds}"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, **_marks()},
        "spec": pod,
    }


def loader_pod_spec(
    *, claim: str, sub_path: str, image: str, lists: str, options: JobOptions
) -> dict[str, Any]:
    """Build the part of both loaders: the claim at the runtime's path, the lists, no key."""
    target: dict[str, Any] = {"name": names.CACHE_VOLUME, "mountPath": names.CACHE_PATH}
    if sub_path:
        target["subPath"] = sub_path
    container = {
        "name": _CONTAINER,
        "image": image,
        "env": [
            {"name": "TARGET", "value": names.CACHE_PATH},
            {"name": "LISTS", "value": LISTS},
        ],
        "securityContext": dict(_RESTRICTED),
        "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            target,
            {"name": "lists", "mountPath": LISTS, "readOnly": True},
        ],
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [
            {"name": names.CACHE_VOLUME, "persistentVolumeClaim": {"claimName": claim}},
            {"name": "lists", "configMap": {"name": lists}},
        ],
        **_security(options),
        **_placement(options),
    }


def _pod_of_runtime(runtime: Manifest, options: JobOptions) -> dict[str, Any]:
    spec = runtime["spec"]
    serving = next(each for each in spec["containers"] if each["name"] == names.KSERVE_CONTAINER)
    mounts = [dict(mount) for mount in serving["volumeMounts"]]
    env = [dict(each) for each in serving.get("env") or []]
    # Some images write below HOME; the random user of OpenShift has none.
    home = next((m["mountPath"] for m in mounts if m["mountPath"].endswith(_HOME_SUFFIX)), "/tmp")  # noqa: S108 - in the pod
    env = [each for each in env if each["name"] != "HOME"]
    env += [{"name": "HOME", "value": home}, *_proxy_env(options)]
    container: dict[str, Any] = {
        "name": _CONTAINER,
        "image": serving["image"],
        "env": env,
        "securityContext": dict(_RESTRICTED),
        "resources": {"requests": {"cpu": "1", "memory": "4Gi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [dict(volume) for volume in spec.get("volumes") or []],
        **_security(options),
        **_placement(options),
    }
    if secrets := spec.get("imagePullSecrets"):
        pod["imagePullSecrets"] = [dict(secret) for secret in secrets]
    if options.ca_config_map:
        _add_ca(pod, container, options.ca_config_map)
    return pod


def _proxy_env(options: JobOptions) -> list[dict[str, Any]]:
    # In both cases: some programs read one, some the other.
    return [
        {"name": name, "value": value}
        for key, value in sorted((options.proxies or {}).items())
        for name in (key.upper(), key.lower())
    ]


def _add_ca(pod: dict[str, Any], container: dict[str, Any], config_map: str) -> None:
    path = "/odh-nim/ca/ca-bundle.crt"
    pod["volumes"].append({"name": "ca", "configMap": {"name": config_map}})
    container["volumeMounts"].append(
        {"name": "ca", "mountPath": path.rpartition("/")[0], "readOnly": True}
    )
    variables = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    container["env"] += [{"name": name, "value": path} for name in variables]
    container["env"].append({"name": "NIM_SDK_USE_NATIVE_TLS", "value": "1"})


def _security(options: JobOptions) -> dict[str, Any]:
    context: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if options.run_as_user is not None:
        context |= {
            "runAsUser": options.run_as_user,
            "fsGroup": options.run_as_user,
            # Without it the kubelet walks through every file of the claim at each start.
            "fsGroupChangePolicy": "OnRootMismatch",
        }
    return {"securityContext": context}


def _placement(options: JobOptions) -> dict[str, Any]:
    return {"nodeSelector": dict(options.node_selector)} if options.node_selector else {}


def _marks() -> dict[str, Any]:
    return {
        "labels": {
            names.MANAGED_BY_LABEL: names.MANAGED_BY,
            "app.kubernetes.io/component": names.PRELOAD_COMPONENT,
            "sidecar.istio.io/inject": "false",
        }
    }


def _job(name: str, namespace: str, pod: dict[str, Any], options: JobOptions) -> Manifest:
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {"name": name, "namespace": namespace, **_marks()},
        "spec": {
            "backoffLimit": _BACKOFF,
            "activeDeadlineSeconds": options.deadline_seconds,
            "template": {"metadata": _marks(), "spec": pod},
        },
    }
