"""Rows about labels, annotations and Secrets."""

import re

from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.manifest import annotations, labels
from odh_nim.domain.protocol import Protocol
from support.expected import (
    CHAT,
    DASHBOARD,
    MANAGED,
    Row,
    decoded,
    metrics,
    model_of,
    secret_names,
)

LOGIN = r'\{"auths": \{"nvcr.io": \{"username": "\$oauthtoken", "password": "nvapi-[^"]*"\}\}\}'
ROWS: list[Row] = [
    (
        "SR says that it is a NIM, also with a mirrored image",
        lambda b: annotations(b.runtime)["runtimes.opendatahub.io/nvidia-nim"] == "true",
    ),
    (
        "SR spec.annotations name metrics port and path, or neither",
        lambda b: b.runtime["spec"].get("annotations", {}) == metrics(b),
    ),
    (
        "image of container kserve-container starts with nvcr.io/nim/",
        lambda b: (
            [box["name"] for box in b.runtime["spec"]["containers"]] == ["kserve-container"]
            and b.container["image"].startswith("nvcr.io/nim/")
        ),
    ),
    (
        "SR names its Template",
        lambda b: (
            annotations(b.runtime)["opendatahub.io/template-name"]
            == f"nvidia-nim-runtime-{b.spec.protocol}"
        ),
    ),
    (
        "SR shows the Template's display name",
        lambda b: (
            annotations(b.runtime)["opendatahub.io/template-display-name"]
            == annotations(b.runtime)["openshift.io/display-name"]
            == "NVIDIA NIM"
        ),
    ),
    (
        "SR spells the protocol REST or gRPC",
        lambda b: (
            annotations(b.runtime)["opendatahub.io/apiProtocol"]
            == {Protocol.HTTP: "REST", Protocol.GRPC: "gRPC"}[b.spec.protocol]
        ),
    ),
    (
        "SR recommends GPUs",
        lambda b: (
            annotations(b.runtime)["opendatahub.io/recommended-accelerators"]
            == '["nvidia.com/gpu"]'
        ),
    ),
    (
        "what the dashboard lists carries its label",
        lambda b: all(
            labels(item).get(DASHBOARD) == "true"
            for item in b.manifests
            if item["kind"] != "ServiceAccount" and item not in b.key_secrets
        ),
    ),
    (
        "key and pull Secrets are managed, and never marked for the dashboard",
        lambda b: all(
            labels(item).get(MANAGED) == "true" and DASHBOARD not in labels(item)
            for item in b.key_secrets
        ),
    ),
    (
        "no Secret carries both labels: it would be a data connection",
        lambda b: all(not {DASHBOARD, MANAGED} <= set(labels(item)) for item in b.of("Secret")),
    ),
    (
        "ISVC names its SR, which has its name",
        lambda b: model_of(b)["runtime"] == b.runtime["metadata"]["name"] == b.spec.name,
    ),
    (
        "ISVC is visible outside only where wanted",
        lambda b: (
            labels(b.service).get("networking.kserve.io/visibility")
            == ("exposed" if b.spec.expose else None)
        ),
    ),
    (
        "ISVC always says whether access needs a token",
        lambda b: (
            annotations(b.service)["security.opendatahub.io/enable-auth"]
            == ("true" if b.spec.auth else "false")
        ),
    ),
    (
        "ISVC is not stopped",
        lambda b: annotations(b.service).get("serving.kserve.io/stop", "false") == "false",
    ),
    (
        "ISVC names a deployment mode only where the cluster's is another",
        lambda b: (
            annotations(b.service).get("serving.kserve.io/deploymentMode") == b.spec.deployment_mode
        ),
    ),
    (
        "ISVC names the hardware profile with all three annotations, or none",
        lambda b: (
            [
                annotations(b.service).get(f"opendatahub.io/hardware-profile-{part}")
                for part in ("name", "namespace", "resource-version")
            ]
            == (["gpu-small", "opendatahub", "4711"] if b.spec.hardware_profile else [None] * 3)
        ),
    ),
    (
        "ISVC has a name and a description for people",
        lambda b: (
            annotations(b.service)["openshift.io/display-name"]
            == (b.spec.display_name or b.spec.name)
            and annotations(b.service)["openshift.io/description"] == b.spec.description
        ),
    ),
    (
        "ISVC is generative for chat models only",
        lambda b: (
            annotations(b.service).get("opendatahub.io/model-type")
            == ("generative" if b.spec.model.family in CHAT else None)
        ),
    ),
    (
        "PVC is offered for reuse, with its folder",
        lambda b: all(
            annotations(item)["dashboard.opendatahub.io/nim-pvc"] == "true"
            and annotations(item)["dashboard.opendatahub.io/nim-subpath"] == ""
            for item in b.of("PersistentVolumeClaim")
        ),
    ),
    (
        "PVC is managed, under the prefix that the stock finder wants",
        lambda b: all(
            labels(item)[MANAGED] == "true" and item["metadata"]["name"].startswith("nim-pvc")
            for item in b.of("PersistentVolumeClaim")
        ),
    ),
    (
        "the project itself is not marked",
        lambda b: (
            not any(
                "opendatahub.io/nim-support" in annotations(item)
                or "modelmesh-enabled" in labels(item)
                or item["kind"] in ("Namespace", "Project")
                for item in b.manifests
            )
        ),
    ),
    (
        "finalizers and owners are left to others, and to after the creation",
        lambda b: (
            not any(
                {"finalizers", "ownerReferences"} & set(item["metadata"]) for item in b.manifests
            )
        ),
    ),
    (
        "Secrets have their names, the deployment's where the key is its own",
        lambda b: (
            [item["metadata"]["name"] for item in b.key_secrets]
            == ([] if b.spec.key is KeyChoice.NONE else list(secret_names(b)))
        ),
    ),
    (
        "key Secret is Opaque and holds the key under both names",
        lambda b: all(
            item["type"] == "Opaque"
            and set(decoded(item)) == {"NGC_API_KEY", "api_key"}
            and len(set(decoded(item).values())) == 1
            for item in b.key_secrets[:1]
        ),
    ),
    (
        "pull Secret logs in to nvcr.io",
        lambda b: all(
            item["type"] == "kubernetes.io/dockerconfigjson"
            and re.fullmatch(LOGIN, decoded(item)[".dockerconfigjson"])
            for item in b.key_secrets[1:]
        ),
    ),
]
