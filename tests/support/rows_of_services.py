"""Rows about the InferenceService and the objects of its tokens."""

from odh_nim.domain.manifest import annotations, labels
from support.expected import (
    Row,
    made_for_tokens,
    model_of,
    resources,
    tokens,
)

ROWS: list[Row] = [
    (
        "ISVC is v1beta1, SR v1alpha1",
        lambda b: (
            (b.service["apiVersion"], b.runtime["apiVersion"])
            == ("serving.kserve.io/v1beta1", "serving.kserve.io/v1alpha1")
        ),
    ),
    (
        "replicas are fixed",
        lambda b: (
            b.service["spec"]["predictor"]["minReplicas"]
            == b.service["spec"]["predictor"]["maxReplicas"]
            == b.spec.replicas
        ),
    ),
    (
        "rollout is RollingUpdate or Recreate",
        lambda b: b.service["spec"]["predictor"]["deploymentStrategy"] == {"type": b.spec.strategy},
    ),
    (
        "time limit is written where one is asked for",
        lambda b: b.service["spec"]["predictor"].get("timeout") == b.spec.timeout,
    ),
    (
        "format is the image's short name",
        lambda b: model_of(b)["modelFormat"] == {"name": b.spec.model.name},
    ),
    (
        "resources are on the ISVC, requests as limits",
        lambda b: model_of(b)["resources"] == dict.fromkeys(("requests", "limits"), resources(b)),
    ),
    (
        "arguments and variables of the user are on the ISVC, as written",
        lambda b: (
            model_of(b).get("args", []) == list(b.spec.args)
            and [
                (item["name"], item.get("value"), item.get("valueFrom"))
                for item in model_of(b).get("env", [])
            ]
            == [(item.name, item.value, item.value_from) for item in b.spec.env]
        ),
    ),
    (
        "a NIM downloads by itself: no storage, no connection",
        lambda b: (
            not {"storageUri", "storage"} & set(model_of(b))
            and "opendatahub.io/connections" not in annotations(b.service)
        ),
    ),
    (
        "placement and user are on the ISVC, where asked for",
        lambda b: (
            b.service["spec"]["predictor"].get("nodeSelector", {}) == b.spec.node_selector
            and b.service["spec"]["predictor"].get("tolerations", []) == list(b.spec.tolerations)
            and b.service["spec"]["predictor"].get("securityContext", {}).get("runAsUser")
            == b.spec.run_as_user
        ),
    ),
    (
        "token objects have the stock names",
        lambda b: (
            [(item["kind"], item["metadata"]["name"]) for item in made_for_tokens(b)] == tokens(b)
        ),
    ),
    (
        "Role lets see this deployment and nothing else",
        lambda b: all(
            item["rules"]
            == [
                {
                    "apiGroups": ["serving.kserve.io"],
                    "resources": ["inferenceservices"],
                    "resourceNames": ["demo"],
                    "verbs": ["get"],
                }
            ]
            for item in b.of("Role")
        ),
    ),
    (
        "RoleBinding binds that Role to that ServiceAccount",
        lambda b: all(
            (item["roleRef"]["kind"], item["roleRef"]["name"]) == ("Role", "demo-view-role")
            and item["subjects"]
            == [{"kind": "ServiceAccount", "name": "demo-sa", "namespace": "team-a"}]
            for item in b.of("RoleBinding")
        ),
    ),
    (
        "token Secrets are filled in by the cluster and have a name for people",
        lambda b: all(
            item["type"] == "kubernetes.io/service-account-token"
            and annotations(item)["kubernetes.io/service-account.name"] == "demo-sa"
            and item["metadata"]["name"]
            == f"{annotations(item)['openshift.io/display-name']}-demo-sa"
            for item in b.token_secrets
        ),
    ),
    (
        "everything is in the project and says which request made it",
        lambda b: all(
            item["metadata"]["namespace"] == "team-a"
            and annotations(item)["nim.opendatahub.io/request-id"] == "r-1"
            and labels(item)["app.kubernetes.io/managed-by"] == "odh-nim"
            for item in b.manifests
        ),
    ),
]
