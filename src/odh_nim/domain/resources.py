"""The types of the Kubernetes API that odh-nim reads or writes."""

from dataclasses import dataclass
from typing import Final

from odh_nim.domain.manifest import Manifest


@dataclass(frozen=True)
class ApiResource:
    """One type in the API: where its objects are found and how they are called."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """`secrets`, or `inferenceservices.serving.kserve.io`: what kubectl takes."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def __str__(self) -> str:
        return self.full_name


CONFIG_MAPS: Final = ApiResource("", "v1", "configmaps", "ConfigMap")
EVENTS: Final = ApiResource("", "v1", "events", "Event")
NAMESPACES: Final = ApiResource("", "v1", "namespaces", "Namespace", namespaced=False)
NODES: Final = ApiResource("", "v1", "nodes", "Node", namespaced=False)
PERSISTENT_VOLUMES: Final = ApiResource(
    "", "v1", "persistentvolumes", "PersistentVolume", namespaced=False
)
PERSISTENT_VOLUME_CLAIMS: Final = ApiResource(
    "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"
)
PODS: Final = ApiResource("", "v1", "pods", "Pod")
POD_TEMPLATES: Final = ApiResource("", "v1", "podtemplates", "PodTemplate")
RESOURCE_QUOTAS: Final = ApiResource("", "v1", "resourcequotas", "ResourceQuota")
SECRETS: Final = ApiResource("", "v1", "secrets", "Secret")
SERVICES: Final = ApiResource("", "v1", "services", "Service")
SERVICE_ACCOUNTS: Final = ApiResource("", "v1", "serviceaccounts", "ServiceAccount")
DEPLOYMENTS: Final = ApiResource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS: Final = ApiResource("apps", "v1", "replicasets", "ReplicaSet")
STATEFUL_SETS: Final = ApiResource("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SETS: Final = ApiResource("apps", "v1", "daemonsets", "DaemonSet")
REPLICATION_CONTROLLERS: Final = ApiResource(
    "", "v1", "replicationcontrollers", "ReplicationController"
)
JOBS: Final = ApiResource("batch", "v1", "jobs", "Job")
CRON_JOBS: Final = ApiResource("batch", "v1", "cronjobs", "CronJob")
INGRESSES: Final = ApiResource("networking.k8s.io", "v1", "ingresses", "Ingress")
ROLES: Final = ApiResource("rbac.authorization.k8s.io", "v1", "roles", "Role")
ROLE_BINDINGS: Final = ApiResource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
CLUSTER_ROLES: Final = ApiResource(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS: Final = ApiResource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
STORAGE_CLASSES: Final = ApiResource(
    "storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False
)
CUSTOM_RESOURCE_DEFINITIONS: Final = ApiResource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
API_SERVICES: Final = ApiResource(
    "apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False
)
LEASES: Final = ApiResource("coordination.k8s.io", "v1", "leases", "Lease")
SUBJECT_ACCESS_REVIEWS: Final = ApiResource(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
MUTATING_WEBHOOKS: Final = ApiResource(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)
VALIDATING_WEBHOOKS: Final = ApiResource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
INFERENCE_SERVICES: Final = ApiResource(
    "serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService"
)
SERVING_RUNTIMES: Final = ApiResource(
    "serving.kserve.io", "v1alpha1", "servingruntimes", "ServingRuntime"
)
CLUSTER_SERVING_RUNTIMES: Final = ApiResource(
    "serving.kserve.io",
    "v1alpha1",
    "clusterservingruntimes",
    "ClusterServingRuntime",
    namespaced=False,
)
CLUSTER_STORAGE_CONTAINERS: Final = ApiResource(
    "serving.kserve.io",
    "v1alpha1",
    "clusterstoragecontainers",
    "ClusterStorageContainer",
    namespaced=False,
)
LLM_INFERENCE_SERVICES: Final = ApiResource(
    "serving.kserve.io", "v1alpha1", "llminferenceservices", "LLMInferenceService"
)
NIM_SERVICES: Final = ApiResource("apps.nvidia.com", "v1alpha1", "nimservices", "NIMService")
NIM_CACHES: Final = ApiResource("apps.nvidia.com", "v1alpha1", "nimcaches", "NIMCache")
NIM_PIPELINES: Final = ApiResource("apps.nvidia.com", "v1alpha1", "nimpipelines", "NIMPipeline")
NIM_BUILDS: Final = ApiResource("apps.nvidia.com", "v1alpha1", "nimbuilds", "NIMBuild")
NOTEBOOKS: Final = ApiResource("kubeflow.org", "v1", "notebooks", "Notebook")
PYTORCH_JOBS: Final = ApiResource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
RAY_CLUSTERS: Final = ApiResource("ray.io", "v1", "rayclusters", "RayCluster")
RAY_JOBS: Final = ApiResource("ray.io", "v1", "rayjobs", "RayJob")
RAY_SERVICES: Final = ApiResource("ray.io", "v1", "rayservices", "RayService")
LEADER_WORKER_SETS: Final = ApiResource(
    "leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet"
)
KNATIVE_SERVICES: Final = ApiResource("serving.knative.dev", "v1", "services", "Service")
KNATIVE_CONFIGURATIONS: Final = ApiResource(
    "serving.knative.dev", "v1", "configurations", "Configuration"
)
KNATIVE_REVISIONS: Final = ApiResource("serving.knative.dev", "v1", "revisions", "Revision")
DEPLOYMENT_CONFIGS: Final = ApiResource(
    "apps.openshift.io", "v1", "deploymentconfigs", "DeploymentConfig"
)
BUILD_CONFIGS: Final = ApiResource("build.openshift.io", "v1", "buildconfigs", "BuildConfig")
ODH_APPLICATIONS: Final = ApiResource(
    "dashboard.opendatahub.io", "v1", "odhapplications", "OdhApplication"
)
TEMPLATES: Final = ApiResource("template.openshift.io", "v1", "templates", "Template")
PROJECTS: Final = ApiResource("project.openshift.io", "v1", "projects", "Project", namespaced=False)
ROUTES: Final = ApiResource("route.openshift.io", "v1", "routes", "Route")
DASHBOARD_CONFIGS: Final = ApiResource(
    "opendatahub.io", "v1alpha", "odhdashboardconfigs", "OdhDashboardConfig"
)
DSC_INITIALIZATIONS: Final = ApiResource(
    "dscinitialization.opendatahub.io",
    "v1",
    "dscinitializations",
    "DSCInitialization",
    namespaced=False,
)
DATA_SCIENCE_CLUSTERS: Final = ApiResource(
    "datasciencecluster.opendatahub.io",
    "v1",
    "datascienceclusters",
    "DataScienceCluster",
    namespaced=False,
)
HARDWARE_PROFILES: Final = ApiResource(
    "infrastructure.opendatahub.io", "v1", "hardwareprofiles", "HardwareProfile"
)
IMAGE_DIGEST_MIRROR_SETS: Final = ApiResource(
    "config.openshift.io", "v1", "imagedigestmirrorsets", "ImageDigestMirrorSet", namespaced=False
)
IMAGE_TAG_MIRROR_SETS: Final = ApiResource(
    "config.openshift.io", "v1", "imagetagmirrorsets", "ImageTagMirrorSet", namespaced=False
)
ACCOUNTS: Final = ApiResource("nim.opendatahub.io", "v1", "accounts", "Account")

ALL: Final = tuple(value for value in list(globals().values()) if isinstance(value, ApiResource))
_BY_KIND: Final = {(resource.api_version, resource.kind): resource for resource in ALL}


def resource_of(manifest: Manifest) -> ApiResource:
    """Find the type of a manifest.

    Raises:
        KeyError: The kind is none that odh-nim works with.

    """
    return _BY_KIND[manifest["apiVersion"], manifest["kind"]]
