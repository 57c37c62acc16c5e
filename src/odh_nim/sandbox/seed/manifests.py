"""The manifests a sandbox starts with, in the order in which they are applied."""

from enum import StrEnum
from importlib.resources import files
from typing import Final

from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.yaml import load_all


class Variant(StrEnum):
    """Which cluster the sandbox plays."""

    OPEN_DATA_HUB = "open-data-hub"
    # The dashboard's configuration does not declare `nimConfig`: the API server drops it.
    OPEN_DATA_HUB_TODAY = "open-data-hub-today"
    # Nothing but Kubernetes and KServe.
    KUBERNETES_ONLY = "kubernetes-only"

    @property
    def applications_namespace(self) -> str:
        """Where the product is installed in this cluster."""
        return "odh-nim" if self is Variant.KUBERNETES_ONLY else "opendatahub"


_CRDS: Final = (
    "templates",
    "routes",
    "imagedigestmirrorsets",
    "imagetagmirrorsets",
    "odhdashboardconfigs",
    "dscinitializations",
    "datascienceclusters",
    "hardwareprofiles",
    "accounts",
)
_DASHBOARD_CONFIGS: Final = "odhdashboardconfigs.opendatahub.io"
_EVERYWHERE: Final = ("projects", "users", "storage")
_OPEN_DATA_HUB: Final = ("openshift-roles", "open-data-hub")


def crd_manifests(variant: Variant) -> list[Manifest]:
    """Give the kinds of OpenShift and Open Data Hub; none where the variant has neither.

    KServe's own kinds come from its Go module, projects from the aggregated API.
    """
    if variant is Variant.KUBERNETES_ONLY:
        return []
    folder = files("odh_nim.sandbox.openshift") / "crds"
    crds = [
        crd
        for name in _CRDS
        for crd in load_all((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    ]
    if variant is Variant.OPEN_DATA_HUB_TODAY:
        return [_without_nim_config(crd) for crd in crds]
    return crds


def seed_manifests(variant: Variant) -> list[Manifest]:
    """Give the objects, namespaces before what they hold; the kinds must be served already."""
    own = ("kubernetes-only",) if variant is Variant.KUBERNETES_ONLY else _OPEN_DATA_HUB
    folder = files("odh_nim.sandbox.seed") / "objects"
    return [
        manifest
        for name in _EVERYWHERE + own
        for manifest in load_all((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    ]


def _without_nim_config(crd: Manifest) -> Manifest:
    if crd["metadata"]["name"] == _DASHBOARD_CONFIGS:
        for version in crd["spec"]["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            del schema["properties"]["spec"]["properties"]["nimConfig"]
    return crd
