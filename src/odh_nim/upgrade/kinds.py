"""The kinds an inventory lists. Their number decides how many calls it makes, not the projects'."""

from typing import Final

from odh_nim.domain import resources as kinds
from odh_nim.domain.resources import ApiResource

# Everything that can name a Secret or a claim and make a pod that needs it, now or later.
REFERRING: Final = (
    kinds.SERVING_RUNTIMES,
    kinds.CLUSTER_SERVING_RUNTIMES,
    kinds.CLUSTER_STORAGE_CONTAINERS,
    kinds.INFERENCE_SERVICES,
    kinds.LLM_INFERENCE_SERVICES,
    kinds.NIM_SERVICES,
    kinds.NIM_CACHES,
    kinds.NIM_PIPELINES,
    kinds.NIM_BUILDS,
    kinds.NOTEBOOKS,
    # Queued ones are suspended: they have no pods, and name their Secrets all the same.
    kinds.PYTORCH_JOBS,
    kinds.RAY_CLUSTERS,
    kinds.RAY_JOBS,
    kinds.RAY_SERVICES,
    kinds.LEADER_WORKER_SETS,
    kinds.PODS,
    kinds.POD_TEMPLATES,
    kinds.DEPLOYMENTS,
    kinds.REPLICA_SETS,
    kinds.STATEFUL_SETS,
    kinds.DAEMON_SETS,
    kinds.REPLICATION_CONTROLLERS,
    kinds.JOBS,
    kinds.CRON_JOBS,
    kinds.SERVICE_ACCOUNTS,
    kinds.KNATIVE_SERVICES,
    kinds.KNATIVE_CONFIGURATIONS,
    kinds.KNATIVE_REVISIONS,
    kinds.DEPLOYMENT_CONFIGS,
    kinds.BUILD_CONFIGS,
    kinds.ACCOUNTS,
)

# Groups that every API server has: a 404 there is a fault, not an absence.
BUILT_IN_GROUPS: Final = frozenset(
    {
        "",
        "apps",
        "batch",
        "rbac.authorization.k8s.io",
        "apiextensions.k8s.io",
        "admissionregistration.k8s.io",
    }
)


def at_version(resource: ApiResource, version: str) -> ApiResource:
    """Give a type in another version."""
    return ApiResource(
        resource.group, version, resource.plural, resource.kind, namespaced=resource.namespaced
    )
