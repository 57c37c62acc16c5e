"""Weights that were put into a claim beforehand: who has them, and what a deployment must set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec, EnvVar, ExistingClaim
from odh_nim.domain.errors import ForbiddenError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.preloaded import Preloaded, read_preloaded
from odh_nim.domain.resources import PERSISTENT_VOLUME_CLAIMS, ApiResource


class PreloadedCluster(Protocol):
    """The call that looking for preloaded claims needs."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List objects."""


@dataclass(frozen=True)
class PreloadedClaims:
    """The claims of a project whose weights are complete.

    `there` is every claim of the project by its name, so that nobody has to ask again; None where
    the caller may not look.
    """

    claims: tuple[Preloaded, ...] = ()
    there: Mapping[str, Manifest] | None = field(default=None, repr=False)

    def complete(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Set folder and profile of the preloaded claim that a specification names.

        What a person chose stays: another folder, or a profile of their own.
        """
        found = self._used(spec)
        if found is None or not found.fits(_image(spec)):
            return spec
        if isinstance(spec.storage, ExistingClaim) and spec.storage.sub_path is None:
            spec = replace(spec, storage=found.storage)
        if _profile(spec) is None:
            spec = replace(spec, env=(*spec.env, *found.env))
        return spec

    def findings(self, spec: DeploymentSpec, *, collects_keys: bool) -> tuple[Finding, ...]:
        """Say what is preloaded, what was set for it, and what does not go together."""
        found = self._used(spec)
        if found is not None:
            return (_use(found, spec),)
        if isinstance(spec.storage, ExistingClaim):
            return ()
        there = [one.claim for one in self.claims if one.fits(_image(spec))]
        if not there:
            return ()
        # Without a key nothing can be downloaded into a new claim.
        severity = Severity.NOTICE if collects_keys else Severity.WARNING
        return (
            Finding(
                severity,
                "preloaded-there",
                "storage",
                f"The weights of this image are in {_listed(there)} already; a new claim begins "
                "empty.",
                f"Use it: `--storage pvc:{there[0]}`, or choose that volume.",
            ),
        )

    def _used(self, spec: DeploymentSpec) -> Preloaded | None:
        if not isinstance(spec.storage, ExistingClaim):
            return None
        return next((one for one in self.claims if one.claim == spec.storage.name), None)


async def find_preloaded(cluster: PreloadedCluster, namespace: str) -> PreloadedClaims:
    """Find the preloaded claims of a project; none where the caller may not look at claims."""
    try:
        claims = await cluster.list(PERSISTENT_VOLUME_CLAIMS, namespace)
    except ForbiddenError:
        # The preflight says of a claim that is used whether it can be looked at.
        return PreloadedClaims()
    there = {one["metadata"]["name"]: one for one in claims}
    alive = [one for one in claims if not one["metadata"].get("deletionTimestamp")]
    found = filter(None, map(read_preloaded, alive))
    return PreloadedClaims(tuple(sorted(found, key=lambda one: one.claim)), there)


def _use(found: Preloaded, spec: DeploymentSpec) -> Finding:
    subject = f"PersistentVolumeClaim/{found.claim}"
    has = f"It holds the weights of {printable(found.image, 300)}"
    if not found.fits(_image(spec)):
        return Finding(
            Severity.WARNING,
            "preloaded-other",
            subject,
            f"{has}, not of {_image(spec)}.",
            "Choose a claim with this image's weights; `odh-nim airgap preloaded` lists them.",
        )
    chosen = _profile(spec)
    if not found.profiles or chosen is None or chosen.value_from is not None:
        return Finding(Severity.NOTICE, "preloaded", subject, f"{has}.")
    profiles = ", ".join(printable(one, 80) for one in found.profiles)
    if chosen.value not in found.profiles:
        return Finding(
            Severity.WARNING,
            "preloaded-profile",
            subject,
            f"{has} for {profiles}; {names.MODEL_PROFILE_ENV} names another profile.",
            f"Leave {names.MODEL_PROFILE_ENV} out, or name one that is there.",
        )
    others = f" It has {profiles}." if len(found.profiles) > 1 else ""
    return Finding(
        Severity.NOTICE,
        "preloaded",
        subject,
        f"{has}; {names.MODEL_PROFILE_ENV} is {printable(chosen.value, 80)}.{others}",
    )


def _profile(spec: DeploymentSpec) -> EnvVar | None:
    return next((one for one in spec.env if one.name == names.MODEL_PROFILE_ENV), None)


def _image(spec: DeploymentSpec) -> str:
    return str(spec.model.image(spec.tag, pin=spec.pin))


def _listed(claims: list[str]) -> str:
    return ", ".join(f"PersistentVolumeClaim/{claim}" for claim in claims)
