"""From what a person asks for to a plan that the cluster has looked at."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from odh_nim.catalog import Catalog, find_model, find_tag
from odh_nim.deployment import (
    Plan,
    Preflight,
    Surroundings,
    plan_deployment,
    preflight,
    read_surroundings,
)
from odh_nim.deployment.checks.cluster import PreflightCluster
from odh_nim.deployment.find_template import find_template
from odh_nim.deployment.surroundings import SurroundingsCluster
from odh_nim.domain import protocol as spoken
from odh_nim.domain.deployment_name import check_namespace
from odh_nim.domain.deployment_spec import DeploymentSpec, HardwareProfile, KeyChoice
from odh_nim.domain.errors import UnknownModelError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference, ModelReference
from odh_nim.domain.model import Model
from odh_nim.journeys.key_use import Asked, KeyUse
from odh_nim.journeys.other_image import model_of_image
from odh_nim.journeys.preloaded import PreloadedClaims, PreloadedCluster, find_preloaded
from odh_nim.journeys.profiles import find_profile
from odh_nim.journeys.site import Site
from odh_nim.manifests.families import family_of
from odh_nim.manifests.templates import RuntimeTemplate, packaged_template


class ChoiceCluster(PreflightCluster, SurroundingsCluster, PreloadedCluster, Protocol):
    """The calls that choosing and checking need; none of them writes."""


@dataclass(frozen=True)
class Chosen:
    """What a specification is built from, besides what a person typed."""

    model: Model
    tag: str
    namespace: str
    key: KeyChoice
    profile: HardwareProfile | None = None


@dataclass(frozen=True)
class Wish:
    """What a person asks for; `build` makes the specification once the rest is known.

    A model of the catalogue is named by `reference`, or by `key` and `tag`; `image` is one that
    may be in no catalogue.
    """

    namespace: str
    build: Callable[[Chosen], DeploymentSpec]
    reference: ModelReference | None = None
    key: str | None = None
    tag: str | None = None
    image: ImageReference | None = None
    profile: str | None = None
    request_id: str | None = None
    automatic_strategy: bool = True
    ingress_host: str | None = None
    ingress_class: str | None = None


@dataclass(frozen=True)
class Selection:
    """What a wish means with this catalogue: all that was typed is read, nothing more is asked."""

    wish: Wish
    site: Site
    model: Model
    tag: str
    spec: DeploymentSpec


@dataclass(frozen=True)
class Choice:
    """All that a plan is made of, before the key is known; the same choice, the same plan."""

    wish: Wish
    site: Site
    model: Model
    tag: str
    template: RuntimeTemplate
    surroundings: Surroundings
    profile: HardwareProfile | None
    findings: tuple[Finding, ...]
    request_id: str
    preloaded: PreloadedClaims

    def spec(self, key: KeyChoice) -> DeploymentSpec:
        """Give the specification with a choice of key; a preloaded claim completes it."""
        chosen = Chosen(self.model, self.tag, self.wish.namespace, key, self.profile)
        return self.preloaded.complete(self.wish.build(chosen))

    def plan(self, use: KeyUse, *, checked_at: str | None = None) -> Plan:
        """Plan with a key."""
        return self.plan_for(self.spec(use.choice), use, checked_at=checked_at)

    def plan_for(self, spec: DeploymentSpec, use: KeyUse, *, checked_at: str | None) -> Plan:
        """Plan a specification that was made from this choice."""
        return plan_deployment(
            spec,
            self.template,
            family=family_of(self.model.family),
            request_id=self.request_id,
            applications_namespace=self.site.applications_namespace,
            key=use.key if use.is_new else None,
            key_checked_at=checked_at,
            surroundings=self.surroundings,
            ingress_host=self.wish.ingress_host,
            ingress_class=self.wish.ingress_class,
        )


def select(wish: Wish, site: Site) -> Selection:
    """Read everything that was typed; pure.

    Raises:
        InvalidNameError: The project is none for deployments, or the name is none.
        UnknownModelError: There is no such model or tag.
        CatalogError: A model of the catalogue is asked for, and there is no catalogue.
        InputError: What was typed cannot be read.

    """
    check_namespace(wish.namespace, applications_namespace=site.applications_namespace)
    model, tag = find_model_and_tag(wish, site)
    spec = wish.build(Chosen(model, tag, wish.namespace, KeyChoice.NONE))
    return Selection(wish, site, model, tag, spec)


async def choose(cluster: ChoiceCluster, selection: Selection) -> Choice:
    """Look up everything else that a plan is made of, all at once.

    Raises:
        InputError: There is no hardware profile of the given name.

    """
    wish, site = selection.wish, selection.site
    (template, notices), surroundings, profile, preloaded = await asyncio.gather(
        _template(cluster, selection.spec.protocol, site.applications_namespace),
        read_surroundings(cluster, applications_namespace=site.applications_namespace),
        find_profile(cluster, wish.profile, wish.namespace, site.applications_namespace),
        find_preloaded(cluster, wish.namespace),
    )
    completed = preloaded.complete(selection.spec)
    said = preloaded.findings(completed, collects_keys=site.config.collect_keys)
    findings = (*site.config.findings, *notices, *said)
    return Choice(
        wish, site, selection.model, selection.tag, template, surroundings, profile, findings,
        wish.request_id or new_request_id(), preloaded,
    )  # fmt: skip


def find_model_and_tag(wish: Wish, site: Site) -> tuple[Model, str]:
    """Find what a person named.

    Raises:
        UnknownModelError: There is no such model or tag; the nearest are named.

    """
    if wish.image is not None:
        return model_of_image(wish.image, site.catalog)
    catalog = site.require().catalog
    if wish.key is not None:
        model, wanted = _model_of_key(catalog, wish.key), wish.tag
    else:
        assert wish.reference is not None
        model, wanted = find_model(catalog, wish.reference), wish.reference.tag
    tag = find_tag(model, wanted) if wanted else model.preselected_tag
    if tag is None:
        raise UnknownModelError(f"{model.name} has no tag that could be deployed.")
    return model, tag


def _model_of_key(catalog: Catalog, key: str) -> Model:
    for model in catalog.models:
        if model.key == key:
            return model
    # Its message names the nearest.
    return find_model(catalog, ModelReference(printable(key)))


async def _template(
    cluster: ChoiceCluster, protocol: spoken.Protocol, namespace: str | None
) -> tuple[RuntimeTemplate, tuple[Finding, ...]]:
    if namespace is None:
        return packaged_template(protocol), ()
    return await find_template(cluster, protocol, applications_namespace=namespace)


def default_protocol(model: Model) -> spoken.Protocol:
    """HTTP, wherever the model serves it."""
    return spoken.Protocol.HTTP if spoken.Protocol.HTTP in model.protocols else model.protocols[0]


def default_gpus(model: Model) -> int:
    """Give the fewest GPUs that NVIDIA publishes a profile for; one where nothing is published."""
    if model.gpu is None:
        return 1
    return min(model.gpu.counts, default=1) if model.gpu.required else 0


def new_request_id() -> str:
    """Make the id of a new request."""
    return secrets.token_hex(8)


async def check(
    cluster: ChoiceCluster, choice: Choice, use: KeyUse, asking: Awaitable[Asked]
) -> tuple[Plan, Preflight]:
    """Ask the cluster and NVIDIA at the same time; plan again where the strategy cannot work.

    Raises:
        KeyRefusedError: A new key is refused.
        NgcUnavailableError: NVIDIA could not be asked about a new key.

    """
    known = (*choice.findings, *use.findings)
    found, asked = await asyncio.gather(
        preflight(cluster, choice.plan(use), findings=known, claims=choice.preloaded.there), asking
    )
    found = replace(found, findings=(*found.findings, *asked.findings))
    plan = choice.plan(use, checked_at=asked.checked_at)
    if choice.wish.automatic_strategy and found.strategy is not plan.spec.strategy:
        spec = replace(plan.spec, strategy=found.strategy)
        plan = choice.plan_for(spec, use, checked_at=asked.checked_at)
        message = f"{found.strategy.value} is used: {found.strategy_reason}"
        said = Finding(Severity.NOTICE, "strategy", "strategy", message)
        others = [one for one in found.findings if one.code != said.code]
        found = replace(found, findings=(*others, said))
    return plan, found
