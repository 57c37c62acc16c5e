"""The InferenceService of a deployment, as the stock dashboard writes and reads it."""

from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec, EnvVar, Resources
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES

# Families that answer chats: the stock dashboard's other word, predictive, fits no NIM.
_GENERATIVE: Final = ("llm", "vlm")


def build_inference_service(spec: DeploymentSpec, *, request_id: str) -> Manifest:
    """Build the InferenceService; no `storageUri`: a NIM downloads into its claim by itself."""
    return {
        "apiVersion": INFERENCE_SERVICES.api_version,
        "kind": INFERENCE_SERVICES.kind,
        "metadata": {
            "name": spec.name,
            "namespace": spec.namespace,
            "labels": _labels(spec),
            "annotations": _annotations(spec, request_id),
        },
        "spec": {"predictor": _predictor(spec)},
    }


def _labels(spec: DeploymentSpec) -> dict[str, str]:
    labels = dict(names.OBJECT_LABELS)
    if spec.expose:
        # Open Data Hub's model controller makes the Route; upstream KServe ignores the value.
        labels[names.VISIBILITY_LABEL] = names.VISIBILITY_EXPOSED
    return labels


def _annotations(spec: DeploymentSpec, request_id: str) -> dict[str, str]:
    annotations = {
        names.DISPLAY_NAME: spec.display_name or spec.name,
        names.DESCRIPTION: spec.description,
        # Always: absent means on to the dashboard and off to the controller.
        names.ENABLE_AUTH: "true" if spec.auth else "false",
        names.REQUEST_ID: request_id,
    }
    if spec.model.family in _GENERATIVE:
        annotations[names.MODEL_TYPE] = "generative"
    if spec.deployment_mode is not None:
        annotations[names.DEPLOYMENT_MODE] = spec.deployment_mode
    if profile := spec.hardware_profile:
        annotations[names.HARDWARE_PROFILE_NAME] = profile.name
        annotations[names.HARDWARE_PROFILE_NAMESPACE] = profile.namespace
        annotations[names.HARDWARE_PROFILE_VERSION] = profile.resource_version
    return annotations


def _predictor(spec: DeploymentSpec) -> Manifest:
    model: Manifest = {
        "modelFormat": {"name": spec.model.name},
        "runtime": spec.name,
        "resources": _resources(spec.resources),
    }
    if spec.args:
        model["args"] = list(spec.args)
    if spec.env:
        model["env"] = [_variable(variable) for variable in spec.env]
    predictor: Manifest = {
        "minReplicas": spec.replicas,
        "maxReplicas": spec.replicas,
        "deploymentStrategy": {"type": str(spec.strategy)},
        "model": model,
    }
    if spec.timeout is not None:
        predictor["timeout"] = spec.timeout
    if spec.node_selector:
        predictor["nodeSelector"] = dict(spec.node_selector)
    if spec.tolerations:
        predictor["tolerations"] = [dict(toleration) for toleration in spec.tolerations]
    if spec.run_as_user is not None:
        predictor["securityContext"] = {
            "runAsNonRoot": True,
            "runAsUser": spec.run_as_user,
            # Makes the claim writable for that user.
            "fsGroup": spec.run_as_user,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    return predictor


def _resources(resources: Resources) -> Manifest:
    amounts = {"cpu": resources.cpu, "memory": resources.memory}
    if resources.gpus:
        amounts[resources.gpu_resource] = str(resources.gpus)
    return {"requests": dict(amounts), "limits": dict(amounts)}


def _variable(variable: EnvVar) -> dict[str, Any]:
    if variable.value_from is not None:
        return {"name": variable.name, "valueFrom": variable.value_from}
    return {"name": variable.name, "value": variable.value or ""}
