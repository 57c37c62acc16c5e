"""Every name, label, annotation and data key that odh-nim reads or writes in a cluster.

`tests/unit/domain/test_names.py` compares them with the shipped manifests in `config/`.
"""

from typing import Final

# ── What we ship into the applications namespace ────────────────────────────────────────────────
CATALOG_CONFIG_MAP: Final = "nvidia-nim-models-data"
HTTP_TEMPLATE: Final = "nvidia-nim-runtime-http"
GRPC_TEMPLATE: Final = "nvidia-nim-runtime-grpc"
# Where the kind Template is not served, a ConfigMap of the same name holds the same YAML here.
TEMPLATE_CONFIG_MAP_KEY: Final = "template.yaml"
READER_ROLE: Final = "odh-nim-reader"

# Looked through in this order where neither setting nor DSCInitialization names one.
APPLICATIONS_NAMESPACES: Final = ("opendatahub", "redhat-ods-applications", "odh-nim")

# ── Configuration ───────────────────────────────────────────────────────────────────────────────
DASHBOARD_CONFIG: Final = "odh-dashboard-config"
CONFIG_MAP: Final = "odh-nim-config"
CONFIG_MAP_KEY: Final = "nimConfig"

# ── A project's Secrets ─────────────────────────────────────────────────────────────────────────
KEY_SECRET: Final = "nvidia-nim-secrets"  # noqa: S105 - the name of a Secret, not its content
PULL_SECRET: Final = "nvidia-nim-image-pull"  # noqa: S105 - the name of a Secret
# Both fields hold the same value: every runtime reads the first, the interface document names the
# second.
API_KEY_FIELD: Final = "NGC_API_KEY"
API_KEY_FIELDS: Final = (API_KEY_FIELD, "api_key")
DOCKER_CONFIG_FIELD: Final = ".dockerconfigjson"
REGISTRY: Final = "nvcr.io"
# NVIDIA's registry wants this literal user name for every API key.
REGISTRY_USER: Final = "$oauthtoken"


def key_secret(deployment: str | None = None) -> str:
    """Name the Secret the container reads: the project's, or a deployment's own."""
    return f"{KEY_SECRET}-{deployment}" if deployment else KEY_SECRET


def pull_secret(deployment: str | None = None) -> str:
    """Name the Secret the kubelet pulls with: the project's, or a deployment's own."""
    return f"{PULL_SECRET}-{deployment}" if deployment else PULL_SECRET


# ── Our marks ───────────────────────────────────────────────────────────────────────────────────
FIELD_MANAGER: Final = "odh-nim"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "odh-nim"
REQUEST_ID: Final = "nim.opendatahub.io/request-id"
KEY_REVISION: Final = "nim.opendatahub.io/key-revision"
KEY_CHECKED_AT: Final = "nim.opendatahub.io/key-checked-at"
KEY_EXPIRES: Final = "nim.opendatahub.io/key-expires"
# On the Secrets: when the key was replaced, and which revision it replaced.
KEY_ROTATED_AT: Final = "nim.opendatahub.io/key-rotated-at"
KEY_ROTATED_FROM: Final = "nim.opendatahub.io/key-rotated-from"
# After a way back: pods from before this time run with this very key, younger ones with another.
KEY_KEPT_BEFORE: Final = "nim.opendatahub.io/key-kept-before"
# On a predictor whose pull policy was changed for one restart.
PULLED_ONCE: Final = "nim.opendatahub.io/pulled-once"
# On a ServingRuntime while a restart replaces pods in another way than before: which one to bring
# back. Nothing of a runtime's metadata is in a pod, so writing it restarts none.
STRATEGY_BEFORE: Final = "nim.opendatahub.io/strategy-before"
CATALOG_REVISION: Final = "nim.opendatahub.io/catalog-revision"
CATALOG_DATE: Final = "nim.opendatahub.io/catalog-date"

# ── Air gap ─────────────────────────────────────────────────────────────────────────────────────
MIRROR_SET: Final = "odh-nim-mirror"
MIRROR_CATALOG: Final = "nvidia-nim-models-mirror"
MIRROR_PLAN: Final = "nim.opendatahub.io/mirror-plan"
MIRROR_REGISTRY: Final = "nim.opendatahub.io/mirror-registry"
GLOBAL_PULL_SECRET: Final = "pull-secret"  # noqa: S105 - the name of a Secret
GLOBAL_PULL_SECRET_NAMESPACE: Final = "openshift-config"  # noqa: S105 - a namespace
# On a claim whose weights are complete; the label is set last.
PRELOADED_LABEL: Final = "nim.opendatahub.io/preloaded"
PRELOAD_IMAGE: Final = "nim.opendatahub.io/preload-image"
PRELOAD_DIGEST: Final = "nim.opendatahub.io/preload-digest"
PRELOAD_PROFILES: Final = "nim.opendatahub.io/preload-profiles"
PRELOAD_BYTES: Final = "nim.opendatahub.io/preload-bytes"
PRELOAD_AT: Final = "nim.opendatahub.io/preload-at"
# On the loader's objects: the plan they were made from.
PRELOAD_PLAN: Final = "nim.opendatahub.io/preload-plan"
PRELOAD_SUBPATH: Final = "nim.opendatahub.io/preload-subpath"
PRELOAD_COMPONENT: Final = "nim-preload"
MODEL_PROFILE_ENV: Final = "NIM_MODEL_PROFILE"

# ── What an upgrade leaves: its report, and the catalogue that the old integration would delete ──
UPGRADE_REPORT: Final = "odh-nim-upgrade"
UPGRADE_REPORT_KEY: Final = "report.json"
SAVED_FROM: Final = "nim.opendatahub.io/saved-from"
RESTARTED_AT: Final = "nim.opendatahub.io/restarted-at"


def saved_catalog(digest: str) -> str:
    """Name the copy of a catalogue by its content, so that saving twice makes one."""
    return f"nvidia-nim-models-saved-{digest[:10]}"


# ── Marks of Open Data Hub (reference: what its dashboard and model controller read) ────────────
DASHBOARD_LABEL: Final = "opendatahub.io/dashboard"
MANAGED_LABEL: Final = "opendatahub.io/managed"
OOTB_LABEL: Final = "opendatahub.io/ootb"
# Both labels together mean "data connection" to the model controller, which then copies the
# Secret: a key Secret therefore carries the first alone.
SECRET_LABELS: Final = {MANAGED_LABEL: "true", MANAGED_BY_LABEL: MANAGED_BY}
OBJECT_LABELS: Final = {DASHBOARD_LABEL: "true", MANAGED_BY_LABEL: MANAGED_BY}
API_PROTOCOL: Final = "opendatahub.io/apiProtocol"
MODEL_SERVING_SUPPORT: Final = "opendatahub.io/modelServingSupport"
MODEL_TYPE: Final = "opendatahub.io/model-type"
TEMPLATE_NAME: Final = "opendatahub.io/template-name"
TEMPLATE_DISPLAY_NAME: Final = "opendatahub.io/template-display-name"
RECOMMENDED_ACCELERATORS: Final = "opendatahub.io/recommended-accelerators"
NIM_RUNTIME: Final = "runtimes.opendatahub.io/nvidia-nim"
HARDWARE_PROFILE_NAME: Final = "opendatahub.io/hardware-profile-name"
HARDWARE_PROFILE_NAMESPACE: Final = "opendatahub.io/hardware-profile-namespace"
HARDWARE_PROFILE_VERSION: Final = "opendatahub.io/hardware-profile-resource-version"
ENABLE_AUTH: Final = "security.opendatahub.io/enable-auth"
VISIBILITY_LABEL: Final = "networking.kserve.io/visibility"
VISIBILITY_EXPOSED: Final = "exposed"
NIM_PVC: Final = "dashboard.opendatahub.io/nim-pvc"
NIM_SUBPATH: Final = "dashboard.opendatahub.io/nim-subpath"
DISPLAY_NAME: Final = "openshift.io/display-name"
DESCRIPTION: Final = "openshift.io/description"

# ── KServe ──────────────────────────────────────────────────────────────────────────────────────
STOP: Final = "serving.kserve.io/stop"
DEPLOYMENT_MODE: Final = "serving.kserve.io/deploymentMode"
RAW_DEPLOYMENT: Final = "RawDeployment"
INFERENCE_SERVICE_LABEL: Final = "serving.kserve.io/inferenceservice"
KSERVE_CONTAINER: Final = "kserve-container"
KSERVE_CONFIG_MAP: Final = "inferenceservice-config"
KSERVE_NAMESPACE: Final = "kserve"

# ── NVIDIA's operator: what belongs to it is only shown ─────────────────────────────────────────
NIM_SERVICE_KIND: Final = "NIMService"
NIM_SERVICE_GROUP: Final = "apps.nvidia.com/"
# The stock dashboard's second sign of a NIM, beside the annotation.
NIM_IMAGE_PREFIX: Final = "nvcr.io/nim/"

# ── The container ───────────────────────────────────────────────────────────────────────────────
CACHE_PATH_ENV: Final = "NIM_CACHE_PATH"
CACHE_PATH: Final = "/mnt/models/cache"
CACHE_VOLUME: Final = "nim-pvc"
SHM_VOLUME: Final = "shm"
SHM_PATH: Final = "/dev/shm"  # noqa: S108 - a mount in a container, no temporary file of ours
# Every folder that an image writes to: on OpenShift its process has a random user.
WRITABLE_MOUNTS: Final = {
    "nim-workspace": "/opt/nim/workspace",
    "nim-cache": "/.cache",
    "nim-nginx": "/opt/nim/nginx",
    "nim-generated-configs": "/opt/nim/generated_configs",
    "nim-dot-cache": "/opt/nim/.cache",
    "nim-dot-config": "/opt/nim/.config",
    "nim-dot-triton": "/opt/nim/.triton",
}
# Where images of the native-v1 layout keep weights and kernels, by folder of the claim.
NATIVE_CACHE_MOUNTS: Final = {"model": "/model", "opt-cache": "/opt/cache"}
# By this word in a port's name KServe sets appProtocol kubernetes.io/h2c.
GRPC_PORT_NAME: Final = "h2c"
HTTP_PORT_NAME: Final = "http"
GRPC_BIND_ENV: Final = "NIM_SERVER_GRPC_BIND_ADDR"
GPU_RESOURCE: Final = "nvidia.com/gpu"
METRICS_PATH: Final = "prometheus.io/path"
METRICS_PORT: Final = "prometheus.io/port"
# Set by the deployment itself, so a user's --env may not.
RESERVED_ENV: Final = (API_KEY_FIELD, CACHE_PATH_ENV)


def cache_claim(deployment: str) -> str:
    """Name the claim that a deployment's weights go to.

    The stock dashboard finds a NIM claim by this prefix.
    """
    return f"nim-pvc-{deployment}"


def service_account(deployment: str) -> str:
    """Name the ServiceAccount of a deployment's tokens, as the stock dashboard does."""
    return f"{deployment}-sa"


def view_role(deployment: str) -> str:
    """Name the Role that lets a token reach the deployment, as the stock dashboard does."""
    return f"{deployment}-view-role"


def view_role_binding(deployment: str) -> str:
    """Name the RoleBinding of `view_role`, as the stock dashboard does."""
    return f"{deployment}-view"


def token_secret(token: str, deployment: str) -> str:
    """Name the Secret of one access token, as the stock dashboard does."""
    return f"{token}-{service_account(deployment)}"


def ingress(deployment: str) -> str:
    """Name the Ingress of an exposed deployment on plain Kubernetes.

    Not the deployment's own name: KServe makes an Ingress of that name where it is told to.
    """
    return f"{deployment}-external"


def predictor(deployment: str) -> str:
    """Name the Service and the apps/v1 Deployment that KServe makes."""
    return f"{deployment}-predictor"
