"""Changes a deployment: extract, change, and the difference as a plan; pure but for its reading.

The specification is read back from the objects, changed, and both are built; only what differs
between the two builds is brought into the objects (`edit_merge`).
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from odh_nim.deployment.diff import diff_of
from odh_nim.deployment.edit_change import EditChange, changed_spec
from odh_nim.deployment.edit_merge import merge
from odh_nim.deployment.edit_storage import claim_change
from odh_nim.deployment.extract import DeploymentObjects, extract_spec
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.rules import spec_findings
from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec, KeyChoice, Strategy
from odh_nim.domain.finding import Finding, Severity, errors_of
from odh_nim.domain.manifest import Manifest, annotations, describe, labels
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.families import family_of
from odh_nim.manifests.inference_service import build_inference_service
from odh_nim.manifests.serving_runtime import build_serving_runtime
from odh_nim.manifests.templates import RuntimeTemplate

# Changing these starts no pod again: KServe carries them to other objects, or only counts pods.
_NO_RESTART: Final = (
    "minReplicas",
    "maxReplicas",
    "deploymentStrategy",
    "timeout",
    "canaryTraffic",
)
_SAME_REQUEST: Final = "same"


@dataclass(frozen=True)
class ObjectPatch:
    """The JSON patch of one object; its tests refuse an object that is not what was read."""

    reference: ObjectReference
    before: Manifest = field(repr=False)
    after: Manifest = field(repr=False)
    restarts: bool

    @property
    def diff(self) -> str:
        """What it changes, without secrets."""
        return diff_of(self.before, self.after)


@dataclass(frozen=True)
class EditPlan:
    """What an edit would do; shown, checked and walked as it is.

    `patches` are in the order of writing: claim, runtime, service. `restarts` says that pods are
    replaced. An empty plan changes nothing.
    """

    name: str
    namespace: str
    objects: DeploymentObjects = field(repr=False)
    before: DeploymentSpec = field(repr=False)
    after: DeploymentSpec = field(repr=False)
    patches: tuple[ObjectPatch, ...]
    findings: tuple[Finding, ...]

    @property
    def diff(self) -> str:
        """The whole change as a unified diff, without secrets."""
        return "\n".join(patch.diff for patch in self.patches)

    @property
    def restarts(self) -> bool:
        """Whether pods are replaced."""
        stopped = annotations(self.objects.service).get(names.STOP) == "true"
        return not stopped and any(patch.restarts for patch in self.patches)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the plan."""
        return tuple(errors_of(list(self.findings)))


def plan_edit(
    objects: DeploymentObjects,
    change: EditChange,
    *,
    templates: Mapping[Protocol, RuntimeTemplate],
    model: Model | None = None,
    shared_with: Sequence[str] = (),
) -> EditPlan:
    """Decide what a change does to the objects; what is wrong with it is found, not raised.

    `templates` must hold the one of the protocol in use and the one that is asked for;
    `shared_with` names other deployments on the same ServingRuntime.
    """
    before = extract_spec(objects, model=model)
    after, findings = changed_spec(before, change)
    findings += _new_findings(before, after)
    if change.storage_size is not None:
        claim, found = claim_change(objects, change.storage_size)
        findings += found
    else:
        claim = None
    runtime, service = objects.runtime, objects.service
    if not errors_of(findings):
        runtime, service = _changed(objects, before, after, templates)
    if shared_with and runtime != objects.runtime:
        findings.append(_shared(objects, shared_with))
    return EditPlan(
        name=objects.name,
        namespace=objects.namespace,
        objects=objects,
        before=before,
        after=after,
        patches=_patches(objects, claim, runtime, service),
        findings=tuple(findings),
    )


def with_strategy(plan: EditPlan, strategy: Strategy) -> EditPlan:
    """Let the same plan replace pods in another way, where GPUs leave no other one."""
    service = copy.deepcopy(
        next(
            (patch.after for patch in plan.patches if patch.before is plan.objects.service),
            plan.objects.service,
        )
    )
    service["spec"]["predictor"]["deploymentStrategy"] = {"type": strategy.value}
    others = tuple(one for one in plan.patches if one.before is not plan.objects.service)
    patch = _patch(plan.objects.service, service, plan.namespace)
    return replace(
        plan,
        after=replace(plan.after, strategy=strategy),
        patches=(*others, *([patch] if patch else [])),
    )


def _changed(
    objects: DeploymentObjects,
    before: DeploymentSpec,
    after: DeploymentSpec,
    templates: Mapping[Protocol, RuntimeTemplate],
) -> tuple[Manifest, Manifest]:
    """Bring the difference of two specifications into copies of the objects."""
    family = family_of(before.model.family)
    runtimes = (
        build_serving_runtime(
            spec, templates[spec.protocol], family=family, request_id=_SAME_REQUEST
        )
        for spec in (before, after)
    )
    services = (build_inference_service(spec, request_id=_SAME_REQUEST) for spec in (before, after))
    runtime = merge(objects.runtime, *runtimes)
    service = merge(objects.service, *services)
    _straighten(service, runtime)
    return runtime, service


def _straighten(service: Manifest, runtime: Manifest) -> None:
    """Take away what contradicts the change; both are copies."""
    # A killed run holds the runtime back; see `edit_apply`.
    runtime["spec"].pop("disabled", None)
    predictor = service["spec"]["predictor"]
    strategy = predictor.get("deploymentStrategy") or {}
    if strategy.get("type") == Strategy.RECREATE.value:
        strategy.pop("rollingUpdate", None)
    model = predictor["model"]
    spoken = runtime["spec"].get("protocolVersions") or []
    # KServe refuses a version that the runtime does not list.
    if spoken and model.get("protocolVersion") not in (None, *spoken):
        model["protocolVersion"] = spoken[0]


def _patches(
    objects: DeploymentObjects, claim: Manifest | None, runtime: Manifest, service: Manifest
) -> tuple[ObjectPatch, ...]:
    pairs = [(objects.runtime, runtime), (objects.service, service)]
    if claim is not None and objects.claim is not None:
        pairs.insert(0, (objects.claim, claim))
    found = (_patch(before, after, objects.namespace) for before, after in pairs)
    return tuple(patch for patch in found if patch is not None)


def _patch(before: Manifest, after: Manifest, namespace: str) -> ObjectPatch | None:
    if before == after:
        return None
    reference = ObjectReference.to(before, namespace)
    return ObjectPatch(reference, before, after, restarts=_restarts(before, after))


def _restarts(before: Manifest, after: Manifest) -> bool:
    """Say whether KServe makes other pods of it: measured with 0.20."""
    kind = before["kind"]
    if kind == "PersistentVolumeClaim":
        return False
    if kind == "ServingRuntime":
        return _pods_part(before) != _pods_part(after)
    # What stands on the service's own metadata is copied into the pods.
    marks = (annotations(before), labels(before)) != (annotations(after), labels(after))
    return marks or _predictor_part(before) != _predictor_part(after)


def _pods_part(runtime: Manifest) -> dict[str, Any]:
    ignored = ("supportedModelFormats", "protocolVersions")
    return {name: value for name, value in runtime["spec"].items() if name not in ignored}


def _predictor_part(service: Manifest) -> dict[str, Any]:
    predictor: dict[str, Any] = service["spec"]["predictor"]
    part = {name: value for name, value in predictor.items() if name not in _NO_RESTART}
    model = {k: v for k, v in (part.get("model") or {}).items() if k != "protocolVersion"}
    return part | {"model": model}


def _new_findings(before: DeploymentSpec, after: DeploymentSpec) -> list[Finding]:
    """Check the changed specification; what was wrong with it before is nobody's business now."""
    family = family_of(before.model.family)

    def check(spec: DeploymentSpec) -> list[Finding]:
        return spec_findings(spec, family, applications_namespace=None, surroundings=None)

    known = set(check(before))
    return [finding for finding in check(after) if finding not in known]


def _shared(objects: DeploymentObjects, others: Sequence[str]) -> Finding:
    return Finding(
        Severity.ERROR,
        "runtime-shared",
        describe(objects.runtime),
        f"It also serves {', '.join(others)}: the change would restart all of them.",
        "Give this deployment a ServingRuntime of its own, or change it with kubectl.",
    )


def key_secrets_of(plan: EditPlan) -> tuple[str, str] | None:
    """Name the Secrets that a change of key makes the deployment refer to; None without one."""
    if plan.after.key is plan.before.key or plan.after.key is KeyChoice.NONE:
        return None
    owner = plan.name if plan.after.key is KeyChoice.OWN else None
    return names.key_secret(owner), names.pull_secret(owner)
