"""The PersistentVolumeClaim that a deployment's weights go to."""

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec, NewClaim
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import PERSISTENT_VOLUME_CLAIMS


def build_claim(spec: DeploymentSpec, *, request_id: str) -> Manifest:
    """Build the claim of a deployment that makes its own; an existing claim is never written.

    Its marks let the stock dashboard offer it for reuse, with its folder.
    """
    assert isinstance(spec.storage, NewClaim), "an existing claim is not built"
    claim: Manifest = {
        "apiVersion": PERSISTENT_VOLUME_CLAIMS.api_version,
        "kind": PERSISTENT_VOLUME_CLAIMS.kind,
        "metadata": {
            "name": names.cache_claim(spec.name),
            "namespace": spec.namespace,
            "labels": {**names.OBJECT_LABELS, names.MANAGED_LABEL: "true"},
            "annotations": {
                names.NIM_PVC: "true",
                # The weights are at its root.
                names.NIM_SUBPATH: "",
                names.REQUEST_ID: request_id,
            },
        },
        "spec": {
            "accessModes": [spec.storage.access_mode],
            "resources": {"requests": {"storage": spec.storage.size}},
        },
    }
    if spec.storage.storage_class is not None:
        claim["spec"]["storageClassName"] = spec.storage.storage_class
    return claim
