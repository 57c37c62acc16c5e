"""Lists deployments: ours, and those of the stock dashboard."""

import asyncio
from typing import Protocol, TypeVar

import msgspec

from odh_nim.deployment.build_view import build_view, is_nim
from odh_nim.deployment.structs_serving import Runtime, Service
from odh_nim.deployment.view import DeploymentView
from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, NotFoundError, UnknownModelError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    INGRESSES,
    SERVICES,
    SERVING_RUNTIMES,
    ApiResource,
)

T = TypeVar("T")


class ListCluster(Protocol):
    """The call that listing needs."""

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[T]:
        """List objects, of each only what the type names."""


class ReadCluster(ListCluster, Protocol):
    """The calls that reading one deployment needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """List whole objects."""


async def list_deployments(
    cluster: ListCluster, namespace: str | None = None
) -> list[DeploymentView]:
    """List the deployments of a project, or of all; sorted by project and name.

    Two lists whatever their number; pods are looked at for one deployment only (`read_status`).
    """
    services, runtimes = await asyncio.gather(
        cluster.list_as(INFERENCE_SERVICES, Service, namespace),
        cluster.list_as(SERVING_RUNTIMES, Runtime, namespace),
    )
    by_name = {(one.metadata.namespace, one.metadata.name): one for one in runtimes}
    views = []
    for service in services:
        runtime = by_name.get((service.metadata.namespace, service.runtime))
        if is_nim(service, runtime):
            views.append(build_view(service, runtime))
    return sorted(views, key=lambda view: (view.namespace, view.name))


async def get_deployment(cluster: ReadCluster, name: str, namespace: str) -> DeploymentView:
    """Read one deployment.

    Raises:
        UnknownModelError: There is none of this name, or it serves no NIM.

    """
    found, runtime, predictor, ingress = await asyncio.gather(
        _get(cluster, INFERENCE_SERVICES, name, namespace),
        # The runtime has the deployment's name, in ours and in stock ones.
        _get(cluster, SERVING_RUNTIMES, name, namespace),
        _get(cluster, SERVICES, names.predictor(name), namespace),
        _get(cluster, INGRESSES, names.ingress(name), namespace),
    )
    if found is None:
        raise unknown_deployment(name, namespace)
    service = msgspec.convert(found, Service)
    if service.runtime != name:
        runtime = None
        if service.runtime:
            runtime = await _get(cluster, SERVING_RUNTIMES, service.runtime, namespace)
    typed = msgspec.convert(runtime, Runtime) if runtime else None
    if not is_nim(service, typed):
        raise UnknownModelError(
            f"InferenceService/{name} in {namespace} serves no NIM.",
            remedy="See `odh-nim deployments list`.",
        )
    headless = (predictor["spec"].get("clusterIP") == "None") if predictor else None
    return build_view(service, typed, headless=headless, ingress_url=_url(ingress))


def unknown_deployment(name: str, namespace: str) -> UnknownModelError:
    """Build the error for a name that no deployment has."""
    return UnknownModelError(
        f"There is no deployment {name} in {namespace}.",
        remedy=f"See `odh-nim deployments list -n {namespace}`.",
    )


async def _get(
    cluster: ReadCluster, resource: ApiResource, name: str, namespace: str
) -> Manifest | None:
    """Read an object that may be missing; only the deployment itself must be readable."""
    try:
        return await cluster.get(resource, name, namespace)
    except NotFoundError:
        return None
    except ForbiddenError:
        if resource is INFERENCE_SERVICES:
            raise
        return None


def _url(ingress: Manifest | None) -> str | None:
    """Read the address of our Ingress: its host, or what the cluster gave it."""
    if ingress is None:
        return None
    spec = ingress["spec"]
    scheme = "https" if spec.get("tls") else "http"
    hosts = [rule["host"] for rule in spec.get("rules") or [] if rule.get("host")]
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    hosts += [
        one.get("hostname") or one.get("ip")
        for one in balancer.get("ingress") or []
        if one.get("hostname") or one.get("ip")
    ]
    return f"{scheme}://{hosts[0]}" if hosts else None
