"""How the API of OpenShift's projects words what the cluster holds as namespaces."""

from collections.abc import Sequence
from typing import Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import PROJECTS

_META: Final = "meta.k8s.io/v1"
_COLUMNS: Final = ("Name", "Display Name", "Status")
_FIELDS: Final = (
    "name",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "labels",
    "annotations",
)


def project_of(namespace: Manifest) -> Manifest:
    """Show a namespace as the project it is."""
    metadata = namespace["metadata"]
    return {
        "apiVersion": PROJECTS.api_version,
        "kind": PROJECTS.kind,
        "metadata": {field: metadata[field] for field in _FIELDS if field in metadata},
        "spec": {"finalizers": namespace.get("spec", {}).get("finalizers") or []},
        "status": {"phase": namespace.get("status", {}).get("phase", "Active")},
    }


def project_list(namespaces: Sequence[Manifest]) -> Manifest:
    """Show several namespaces as a list of projects."""
    return {
        "apiVersion": PROJECTS.api_version,
        "kind": f"{PROJECTS.kind}List",
        "metadata": {"resourceVersion": _newest(namespaces)},
        "items": [project_of(namespace) for namespace in namespaces],
    }


def project_table(namespaces: Sequence[Manifest]) -> Manifest:
    """Show namespaces as kubectl prints projects."""
    return {
        "apiVersion": _META,
        "kind": "Table",
        "metadata": {"resourceVersion": _newest(namespaces)},
        "columnDefinitions": [
            {
                "name": column,
                "type": "string",
                "format": "name" if column == "Name" else "",
                "description": column,
                "priority": 0,
            }
            for column in _COLUMNS
        ],
        "rows": [_row(project_of(namespace)) for namespace in namespaces],
    }


def group_list() -> Manifest:
    """Describe the groups of this server."""
    return {"apiVersion": "v1", "kind": "APIGroupList", "groups": [_group()]}


def group() -> Manifest:
    """Describe the group of projects."""
    return {"apiVersion": "v1", "kind": "APIGroup", **_group()}


def resource_list() -> Manifest:
    """Describe the one type of this server."""
    projects = {
        "name": PROJECTS.plural,
        "singularName": "project",
        "namespaced": False,
        "kind": PROJECTS.kind,
        "verbs": ["get", "list"],
    }
    return {
        "apiVersion": "v1",
        "kind": "APIResourceList",
        "groupVersion": PROJECTS.api_version,
        "resources": [projects],
    }


def failure(status: int, reason: str, message: str) -> Manifest:
    """Say no as an API server does."""
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": status,
    }


def _group() -> Manifest:
    version = {"groupVersion": PROJECTS.api_version, "version": PROJECTS.version}
    return {"name": PROJECTS.group, "versions": [version], "preferredVersion": version}


def _row(project: Manifest) -> Manifest:
    shown = annotations(project).get(names.DISPLAY_NAME, "")
    partial = {
        "apiVersion": _META,
        "kind": "PartialObjectMetadata",
        "metadata": project["metadata"],
    }
    cells = [project["metadata"]["name"], shown, project["status"]["phase"]]
    return {"cells": cells, "object": partial}


def _newest(namespaces: Sequence[Manifest]) -> str:
    versions = (int(item["metadata"].get("resourceVersion") or 0) for item in namespaces)
    return str(max(versions, default=0))
