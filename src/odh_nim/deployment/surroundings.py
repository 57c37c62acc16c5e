"""What a plan must know about the cluster: who exposes services, and KServe's defaults."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS, ROUTES, ApiResource

# KServe's newer word, and the older one that means the same.
_PLAIN_MODES: Final = ("Standard", names.RAW_DEPLOYMENT)


class SurroundingsCluster(Protocol):
    """The calls that looking around needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def serves(self, resource: ApiResource) -> bool:
        """Say whether the cluster knows a type."""


@dataclass(frozen=True)
class Surroundings:
    """The defaults hold where nothing could be read.

    `routes` says that the kind Route is served: Open Data Hub exposes deployments itself.
    `default_mode` is KServe's default deployment mode, None where it cannot be told. So is
    `headless`: whether KServe's Services have no address of their own.
    """

    routes: bool = False
    default_mode: str | None = None
    headless: bool | None = None
    kserve_makes_ingress: bool = False

    @property
    def deployment_mode(self) -> str | None:
        """The mode to write on an InferenceService; None where the default is right already.

        Where the default cannot be told it is written: the word is right in every KServe.
        """
        return None if self.default_mode in _PLAIN_MODES else names.RAW_DEPLOYMENT

    @property
    def needs_ingress(self) -> bool:
        """Whether nobody else makes a way in from outside."""
        return not self.routes and not self.kserve_makes_ingress


async def read_surroundings(
    cluster: SurroundingsCluster, *, applications_namespace: str | None
) -> Surroundings:
    """Look around with the caller's rights; what may not be read stays unknown."""
    routes, settings = await asyncio.gather(
        cluster.serves(ROUTES), _settings(cluster, applications_namespace)
    )
    return Surroundings(
        routes=routes,
        default_mode=settings.get("deploy", {}).get("defaultDeploymentMode"),
        headless=settings.get("service", {}).get("serviceClusterIPNone"),
        kserve_makes_ingress=settings.get("ingress", {}).get("disableIngressCreation") is False,
    )


async def _settings(
    cluster: SurroundingsCluster, applications_namespace: str | None
) -> dict[str, Any]:
    """Read KServe's configuration; Open Data Hub keeps it in its own namespace."""
    places = dict.fromkeys((names.KSERVE_NAMESPACE, applications_namespace or ""))
    for namespace in filter(None, places):
        try:
            found = await cluster.get(CONFIG_MAPS, names.KSERVE_CONFIG_MAP, namespace)
        except NotFoundError:
            continue
        except ForbiddenError:
            # Who may not look into the one may not look into the other.
            return {}
        return _parsed(found)
    return {}


def _parsed(found: Manifest) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for key, text in (found.get("data") or {}).items():
        try:
            value = json.loads(text)
        except ValueError:
            # Not ours to judge: KServe's own controller complains about it.
            continue
        if isinstance(value, dict):
            parts[key] = value
    return parts
