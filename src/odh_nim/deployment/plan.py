"""From a specification to the ordered manifests of a deployment; pure."""

from dataclasses import dataclass, field, replace
from typing import Any

from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.rules import spec_findings
from odh_nim.deployment.rules_text import looks_secret
from odh_nim.deployment.surroundings import Surroundings
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import DeploymentSpec, KeyChoice, NewClaim
from odh_nim.domain.family import Family
from odh_nim.domain.finding import Finding, Severity, errors_of
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, PERSISTENT_VOLUME_CLAIMS
from odh_nim.manifests.access import build_token_objects
from odh_nim.manifests.claim import build_claim
from odh_nim.manifests.exposure import build_ingress
from odh_nim.manifests.inference_service import build_inference_service
from odh_nim.manifests.redact import REDACTED, redact
from odh_nim.manifests.secrets import build_key_secrets
from odh_nim.manifests.serving_runtime import build_serving_runtime
from odh_nim.manifests.templates import RuntimeTemplate


@dataclass(frozen=True)
class Plan:
    """What would be created, in order; shown, dry-run and walked as it is.

    `owned` names the objects that will go with the InferenceService.
    """

    spec: DeploymentSpec
    family: Family
    request_id: str
    # The two Secrets of a key that this flow stores. They leave only as `redacted`.
    key_secrets: tuple[Manifest, ...] = field(repr=False)
    # Everything else, in the order of creation.
    objects: tuple[Manifest, ...]
    owned: tuple[ObjectReference, ...]
    findings: tuple[Finding, ...]

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All manifests in the order of creation, key Secrets included."""
        return self.key_secrets + self.objects

    @property
    def references(self) -> tuple[ObjectReference, ...]:
        """The names of all manifests, in the same order."""
        return tuple(ObjectReference.to(item) for item in self.manifests)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the plan."""
        return tuple(errors_of(list(self.findings)))

    def owns(self, manifest: Manifest) -> bool:
        """Say whether an object will go with the InferenceService."""
        return any(ObjectReference.to(manifest).is_same(one) for one in self.owned)

    def redacted(self) -> tuple[Manifest, ...]:
        """All manifests for a reader: values of Secrets, and of what looks like one, replaced."""
        return tuple(_without_secret_values(redact(item)) for item in self.manifests)

    def as_data(self) -> dict[str, Any]:
        """Give the plan as plain data, for `-o json`: what it makes, owns, and has found."""
        return {
            "name": self.spec.name,
            "namespace": self.spec.namespace,
            "requestId": self.request_id,
            "objects": list(self.redacted()),
            "ownedByInferenceService": [str(one) for one in self.owned],
            "findings": [
                {
                    "severity": str(finding.severity),
                    "code": finding.code,
                    "subject": finding.subject,
                    "message": finding.message,
                    "remedy": finding.remedy,
                }
                for finding in self.findings
            ],
        }


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
    ingress_class: str | None = None,
) -> Plan:
    """Decide everything about a deployment without asking anybody.

    With a `key` the plan makes the Secrets: the project's, or the deployment's own, as the
    specification says. The deployment mode is filled in from the surroundings. What is wrong is
    not raised but found: `Plan.errors`.
    """
    if spec.deployment_mode is None and surroundings is not None:
        spec = replace(spec, deployment_mode=surroundings.deployment_mode)
    findings = spec_findings(
        spec, family, applications_namespace=applications_namespace, surroundings=surroundings
    )
    findings += _template_findings(spec, template)
    secrets: tuple[Manifest, ...] = ()
    if key is not None and spec.key is not KeyChoice.NONE:
        secrets = _key_secrets(spec, key, request_id, key_checked_at, key_expires)
    objects: list[Manifest] = []
    # Without an image there is nothing to build; everything else can be shown, wrong as it is.
    if not any(finding.code == "image-invalid" for finding in findings):
        objects = _objects(spec, template, family, request_id)
        if spec.expose and surroundings is not None and surroundings.needs_ingress:
            objects.append(
                build_ingress(
                    spec, host=ingress_host, request_id=request_id, ingress_class=ingress_class
                )
            )
    return Plan(
        spec=spec,
        family=family,
        request_id=request_id,
        key_secrets=secrets,
        objects=tuple(objects),
        owned=_owned(spec, secrets, objects),
        findings=tuple(findings),
    )


def _key_secrets(
    spec: DeploymentSpec,
    key: ApiKey,
    request_id: str,
    checked_at: str | None,
    expires: str | None,
) -> tuple[Manifest, ...]:
    built = build_key_secrets(
        key,
        spec.name if spec.key is KeyChoice.OWN else None,
        # Random, and the same when an interrupted run is finished.
        revision=request_id,
        checked_at=checked_at,
        expires=expires,
        request_id=request_id,
    )
    for secret in built:
        secret["metadata"]["namespace"] = spec.namespace
    return built


def _objects(
    spec: DeploymentSpec, template: RuntimeTemplate, family: Family, request_id: str
) -> list[Manifest]:
    claim = [build_claim(spec, request_id=request_id)] if isinstance(spec.storage, NewClaim) else []
    return [
        *claim,
        build_serving_runtime(spec, template, family=family, request_id=request_id),
        build_inference_service(spec, request_id=request_id),
        *build_token_objects(spec, request_id=request_id),
    ]


def _owned(
    spec: DeploymentSpec, secrets: tuple[Manifest, ...], objects: list[Manifest]
) -> tuple[ObjectReference, ...]:
    """Name what goes with the InferenceService: never the claim, never the project's key."""
    own_secrets = secrets if spec.key is KeyChoice.OWN else ()
    stays = (PERSISTENT_VOLUME_CLAIMS, INFERENCE_SERVICES)
    references = [ObjectReference.to(item) for item in (*own_secrets, *objects)]
    return tuple(one for one in references if one.resource not in stays)


def _template_findings(spec: DeploymentSpec, template: RuntimeTemplate) -> list[Finding]:
    if template.protocol is spec.protocol:
        return []
    return [
        Finding(
            Severity.ERROR,
            "template-protocol",
            f"Template/{template.name}",
            f"It is for {template.protocol.api_protocol}, the deployment speaks "
            f"{spec.protocol.api_protocol}.",
        )
    ]


def _without_secret_values(manifest: Manifest) -> Manifest:
    """Hide values of variables that look like secrets; the manifest is a copy already."""
    if manifest["kind"] != INFERENCE_SERVICES.kind:
        return manifest
    for variable in manifest["spec"]["predictor"]["model"].get("env") or []:
        if variable.get("value") and looks_secret(variable["name"]):
            variable["value"] = REDACTED
    return manifest
