"""Catalogues and a cluster that holds them, for tests."""

import json
from typing import Any

from odh_nim.domain.errors import ForbiddenError, KindNotServedError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

LLAMA: dict[str, Any] = {
    "name": "llama-3.1-8b-instruct",
    "displayName": "Llama 3.1 8B Instruct",
    "shortDescription": "A language model.",
    "namespace": "nim/meta",
    "tags": ["1.8.5", "1.8", "latest"],
    "latestTag": "latest",
    "updatedDate": "2026-01-09T19:00:37.264Z",
    "euRestricted": False,
    "family": "llm",
}


def entry(**changes: Any) -> str:
    """Give the JSON of one entry; a change to None removes the field."""
    fields = {name: value for name, value in (LLAMA | changes).items() if value is not None}
    return json.dumps(fields)


def config_map(
    data: dict[str, Any], *, name: str = "nvidia-nim-models-data", namespace: str = "opendatahub"
) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


class FakeCluster:
    """Holds objects, refuses some, and records every call."""

    def __init__(self, *objects: Manifest) -> None:
        self.objects = {
            (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item
            for item in objects
        }
        self.forbidden: set[str] = set()
        self.not_served: set[str] = set()
        self.calls: list[str] = []

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        operation = f"get {resource.kind}/{name} in {namespace}"
        self.calls.append(operation)
        self._refuse(resource, name, operation)
        found = self.objects.get((resource.kind, namespace, name))
        if found is None:
            raise NotFoundError(operation, "not found", status=404)
        return found

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        operation = f"list {resource.kind}"
        self.calls.append(operation)
        self._refuse(resource, "", operation)
        return [item for (kind, _, _), item in self.objects.items() if kind == resource.kind]

    def _refuse(self, resource: ApiResource, name: str, operation: str) -> None:
        if resource.kind in self.not_served:
            raise KindNotServedError(operation, "the kind is not served", status=404)
        if {resource.kind, name} & self.forbidden:
            raise ForbiddenError(operation, "forbidden", status=403)
