"""Addresses of objects. Each part is quoted by itself, so no name leads elsewhere."""

from urllib.parse import quote

from odh_nim.domain.errors import InvalidNameError
from odh_nim.domain.resources import ApiResource


def collection(resource: ApiResource, namespace: str | None) -> str:
    """Address all objects of a type, in one namespace or in all."""
    base = f"/apis/{resource.group}" if resource.group else "/api"
    if resource.namespaced and namespace is not None:
        return f"{base}/{resource.version}/namespaces/{_part(namespace)}/{resource.plural}"
    return f"{base}/{resource.version}/{resource.plural}"


def item(
    resource: ApiResource, name: str, namespace: str | None, subresource: str | None = None
) -> str:
    """Address one object, or a part of it."""
    path = f"{collection(resource, namespace)}/{_part(name)}"
    return f"{path}/{_part(subresource)}" if subresource else path


def place(resource: ApiResource, namespace: str | None) -> str:
    """Say where, as messages do."""
    return f" in {namespace}" if resource.namespaced and namespace else ""


def _part(name: str) -> str:
    if not name or name in (".", "..") or "/" in name or "%" in name or not name.isprintable():
        raise InvalidNameError(name, "it cannot be part of an object's address")
    return quote(name, safe="")
