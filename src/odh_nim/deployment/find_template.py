"""Finds the runtime Template of a protocol: the cluster's, else the one this release ships."""

from typing import Final, Protocol

from odh_nim.domain import protocol as spoken
from odh_nim.domain.errors import ConfigurationError, ForbiddenError, NotFoundError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS, TEMPLATES, ApiResource
from odh_nim.manifests.templates import (
    RuntimeTemplate,
    packaged_template,
    parse_template,
    template_name,
)

_REMEDY: Final = "An admin installs it with the shipped manifests."


class TemplateCluster(Protocol):
    """The calls that finding a Template needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def serves(self, resource: ApiResource) -> bool:
        """Say whether the cluster knows a type."""


async def find_template(
    cluster: TemplateCluster, protocol: spoken.Protocol, *, applications_namespace: str
) -> tuple[RuntimeTemplate, tuple[Finding, ...]]:
    """Give the cluster's Template; a missing or broken one is replaced by ours, with a notice.

    Where the kind is not served, a ConfigMap of the same name stands for it.
    """
    name = template_name(protocol)
    resource = TEMPLATES
    try:
        try:
            manifest = await cluster.get(TEMPLATES, name, applications_namespace)
        except (ForbiddenError, NotFoundError):
            # Rights come first: an unknown kind is forbidden to whoever has no right on it.
            if await cluster.serves(TEMPLATES):
                raise
            resource = CONFIG_MAPS
            manifest = await cluster.get(CONFIG_MAPS, name, applications_namespace)
        found = parse_template(manifest)
    except NotFoundError:
        reason = f"There is none in {applications_namespace}."
    except ForbiddenError:
        reason = f"It may not be read in {applications_namespace}."
    except ConfigurationError as error:
        reason = error.message
    else:
        if found.protocol is protocol:
            return found, ()
        reason = f"It is one for {found.protocol.api_protocol}."
    message = f"{reason} The one that this release brings is used."
    subject = f"{resource.kind}/{name}"
    notice = Finding(Severity.NOTICE, "template-packaged", subject, message, _REMEDY)
    return packaged_template(protocol), (notice,)
