"""From a specification to the ordered manifests of a deployment; pure."""

from dataclasses import dataclass, field
from typing import Any

from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.surroundings import Surroundings
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import DeploymentSpec
from odh_nim.domain.family import Family
from odh_nim.domain.finding import Finding
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.templates import RuntimeTemplate


@dataclass(frozen=True)
class Plan:
    """What would be created, in order; shown, dry-run and walked as it is.

    `owned` names the objects that will go with the InferenceService.
    """

    spec: DeploymentSpec
    family: Family
    request_id: str
    # The two Secrets of a key that this flow stores. They never leave by `redacted` or `as_data`.
    key_secrets: tuple[Manifest, ...] = field(repr=False)
    objects: tuple[Manifest, ...]
    owned: tuple[ObjectReference, ...]
    findings: tuple[Finding, ...]

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All manifests in the order of creation, key Secrets included."""
        return self.key_secrets + self.objects

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the plan."""
        raise NotImplementedError

    def redacted(self) -> tuple[Manifest, ...]:
        """All manifests for a reader: Secret values are replaced."""
        raise NotImplementedError

    def as_data(self) -> dict[str, Any]:
        """The plan as plain data, for `-o json`: what it makes, owns, and has found."""
        raise NotImplementedError


def plan_deployment(
    spec: DeploymentSpec,
    template: RuntimeTemplate,
    *,
    family: Family,
    request_id: str,
    applications_namespace: str | None,
    key: ApiKey | None = None,
    key_checked_at: str | None = None,
    key_expires: str | None = None,
    surroundings: Surroundings | None = None,
    ingress_host: str | None = None,
) -> Plan:
    """Decide everything about a deployment without asking anybody.

    With a `key` the plan makes the Secrets: the project's, or the deployment's own, as the
    specification says. The deployment mode is filled in from the surroundings. What is wrong is
    not raised but found: `Plan.errors`.
    """
    raise NotImplementedError
