"""The names that four generations of the old integration left on clusters.

Only looked for, never created. A name alone proves nothing: `identity.py` says what else must hold.
"""

import re
from typing import Final

# ── The applications namespace ──────────────────────────────────────────────────────────────────
ACCOUNT_NAME: Final = "odh-nim-account"
ACCOUNT_KIND: Final = "Account"
ACCOUNT_GROUP: Final = "nim.opendatahub.io"
FINALIZER: Final = "runtimes.opendatahub.io/nim-cleanup-finalizer"
ACCESS_SECRET: Final = "nvidia-nim-access"  # noqa: S105 - the name of a Secret
ACCESS_FIELD: Final = "api_key"
# Generations 1 and 2a: fixed names. `nvidia-nim-image-pull` is old here and ours in projects.
MODEL_MAPS: Final = ("nvidia-nim-images-data", "nvidia-nim-data")
RESULT_MAP: Final = "nvidia-nim-validation-result"
RESULT_FIELDS: Final = ("validation_result", "last_valid_time")
SERVING_TEMPLATE: Final = "nvidia-nim-serving-template"
IMAGE_PULL_SECRET: Final = "nvidia-nim-image-pull"  # noqa: S105 - the name of a Secret
TEMPLATE_RUNTIME: Final = "nvidia-nim-runtime"
CRON_JOB: Final = "nvidia-nim-periodic-validator"
MANUAL_JOB: Final = "nvidia-nim-periodic-validator-job-custom-run"
MANUAL: Final = "cronjob.kubernetes.io/instantiate"
SCHEDULED_JOB: Final = re.compile(r"nvidia-nim-periodic-validator-\d+")
VALIDATOR_CONTAINER: Final = "nvidia-nim-validator"
PARENT_LABEL: Final = "parent"
ENABLED_APPS: Final = "odh-enabled-applications-config"
ENABLED_KEY: Final = "nvidia-nim"
TILE: Final = "nvidia-nim"
CHILD_SUFFIXES: Final = {"ConfigMap": "-cm", "Template": "-template", "Secret": "-pull"}

# ── Rights, the webhook, the kinds ──────────────────────────────────────────────────────────────
CLUSTER_ROLES: Final = ("account-editor-role", "account-viewer-role")
CLUSTER_ROLE_LABELS: Final = {
    "app.kubernetes.io/name": "odh-model-controller",
    "app.kubernetes.io/managed-by": "kustomize",
}
ACCESS_ROLE: Final = "nim-account-access"
ACCESS_BINDING: Final = "nim-account-access-binding"
DASHBOARD_APPS: Final = ("rhods-dashboard", "odh-dashboard")
WEBHOOKS: Final = "validating.odh-model-controller.opendatahub.io"
WEBHOOK_ENTRY: Final = "validating.nim.account.odh-model-controller.opendatahub.io"
WEBHOOK_PATH: Final = "/validate-nim-opendatahub-io-v1-account"
ACCOUNT_CRD: Final = "accounts.nim.opendatahub.io"
CLUSTER_CRD: Final = "datascienceclusters.datasciencecluster.opendatahub.io"

# ── The old controller ──────────────────────────────────────────────────────────────────────────
CONTROLLER: Final = "odh-model-controller"
CONTROLLER_ROLE: Final = "odh-model-controller-role"
CONTROLLER_PARAMETERS: Final = "odh-model-controller-parameters"
CONTROLLER_MANAGER: Final = "nim-account-controller"
STATE_ENV: Final = "NIM_STATE"
STATE_KEY: Final = "nim-state"
REMOVED: Final = "removed"
VERSION_STAMP: Final = "platform.opendatahub.io/version"

# ── Projects ────────────────────────────────────────────────────────────────────────────────────
PROJECT_KEY: Final = "nvidia-nim-secrets"
PROJECT_PULL: Final = "ngc-secret"
CLAIM_PREFIX: Final = "nim-pvc"
DOCKER_CONFIG: Final = "kubernetes.io/dockerconfigjson"

# Where the old products were installed; `odh-nim` is a home of the new one only.
APPLICATIONS_NAMESPACES: Final = ("redhat-ods-applications", "opendatahub")


def child_name(account: str, kind: str) -> str:
    """Name a child of an Account, as generations 2b and 3 do."""
    return f"{account}{CHILD_SUFFIXES[kind]}"
