"""What stands behind `airgap preload` and `preloaded`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from odh_nim.airgap.bundle.reader import Bundle, CarriedWeights, carried_weights, open_bundle
from odh_nim.airgap.preload.make import BundleClaim, plan_download, plan_from_bundle
from odh_nim.airgap.preload.plan import ClaimWish, PreloadPlan
from odh_nim.airgap.preload.pods import JobOptions
from odh_nim.airgap.preload.run import list_preloaded, preload
from odh_nim.airgap.preload.stream import Exec, send_weights
from odh_nim.catalog import find_installation, find_model, find_tag
from odh_nim.cli import wiring
from odh_nim.cli.airgap_progress import size
from odh_nim.cli.common import Target
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.output import Steps, note, print_data, print_findings, print_table
from odh_nim.deployment.find_template import find_template
from odh_nim.domain.deployment_spec import DeploymentSpec, ExistingClaim, KeyChoice
from odh_nim.domain.errors import InputError
from odh_nim.domain.image import ModelReference
from odh_nim.manifests.families import family_of
from odh_nim.manifests.serving_runtime import build_serving_runtime
from odh_nim.manifests.yaml import dump_all
from odh_nim.registry.endpoint import proxy_for

if TYPE_CHECKING:
    from odh_nim.cluster import Client


@dataclass(frozen=True)
class PreloadWish:
    """What `airgap preload` was asked for."""

    model: str
    claim: str
    size: str | None
    storage_class: str | None
    access_mode: str
    sub_path: str
    profiles: tuple[str, ...]
    bundle: Path | None
    bundle_claim: str | None
    bundle_path: str
    loader_image: str | None
    run_as_user: int | None
    ca_config_map: str | None
    applications_namespace: str | None

    @property
    def reference(self) -> ModelReference:
        """The model with its tag."""
        found = ModelReference.parse(self.model)
        if found.tag is None:
            raise InputError("The tag is missing.", remedy="Write MODEL:TAG.")
        return found

    @property
    def wanted_claim(self) -> ClaimWish:
        """The claim."""
        return ClaimWish(self.claim, self.size, self.storage_class, self.access_mode)


async def run_preload(wish: PreloadWish, target: Target, *, within: float, dry_run: bool) -> int:
    """Plan, show or walk the plan, and say what the claim holds."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        if wish.bundle is None:
            plan = await _plan_download(wish, client, namespace)
            send = None
        else:
            bundle = open_bundle(wish.bundle)
            folder, weights = _find_weights(wish, bundle)
            plan = _plan_bundle(wish, weights, folder, namespace)
            send = None if wish.bundle_claim else _sender(bundle, folder, weights, plan, target)
        if dry_run:
            click.echo(dump_all(plan.manifests()), nl=False)
            return 0
        with Steps() as steps:
            done = await preload(client, plan, within=within, on_step=steps.step, stream=send)
    note(f"{done.claim} holds {done.image}: profiles {', '.join(done.profiles) or 'none'}")
    return 0


async def _plan_download(wish: PreloadWish, client: "Client", namespace: str) -> PreloadPlan:
    setting = namespace_setting(wish.applications_namespace)
    installation = await find_installation(client, setting=setting)
    model = find_model(installation.catalog, wish.reference)
    tag = find_tag(model, wish.reference.tag or "")
    family = family_of(model.family)
    spec = DeploymentSpec(
        name=wish.claim,
        namespace=namespace,
        model=model,
        tag=tag,
        storage=ExistingClaim(wish.claim, wish.sub_path or None),
        protocol=family.default_protocol,
        key=KeyChoice.PROJECT if model.key_required else KeyChoice.NONE,
        pin=True,
    )
    template, findings = await find_template(
        client,
        spec.protocol,
        applications_namespace=installation.applications_namespace,
    )
    print_findings(findings)
    runtime = build_serving_runtime(spec, template, family=family, request_id="preload")
    return plan_download(
        runtime,
        wish.wanted_claim,
        digest=model.digests.get(tag, ""),
        sub_path=wish.sub_path,
        profiles=wish.profiles,
        native=family.caches_natively(tag),
        weights_bytes=model.weights_bytes,
        options=_options(wish, proxies=_proxies()),
    )


def _plan_bundle(
    wish: PreloadWish, weights: CarriedWeights, folder: str, namespace: str
) -> PreloadPlan:
    source = BundleClaim(wish.bundle_claim, wish.bundle_path) if wish.bundle_claim else None
    return plan_from_bundle(
        weights,
        folder,
        wish.wanted_claim,
        namespace,
        image=wish.loader_image or weights.image,
        sub_path=wish.sub_path,
        source=source,
        options=_options(wish),
    )


def _find_weights(wish: PreloadWish, bundle: Bundle) -> tuple[str, CarriedWeights]:
    carried = carried_weights(bundle)
    wanted = str(wish.reference)
    every = [(folder, each) for folder, weights in carried.items() for each in weights.every()]
    for folder, weights in every:
        if weights.image.endswith(f"/{wanted}"):
            return folder, weights
    there = ", ".join(sorted(weights.image for _, weights in every)) or "no model"
    earlier = ", ".join(bundle.document.parents)
    raise InputError(
        f"{bundle.folder} carries no weights of {wanted}; it has those of {there}.",
        remedy=f"Look in the bundles it was made after: {earlier}." if earlier else "",
    )


def _sender(
    bundle: Bundle, folder: str, weights: CarriedWeights, plan: PreloadPlan, target: Target
) -> Callable[[], Awaitable[None]]:
    run = Exec(
        plan.objects[-1]["metadata"]["name"], plan.namespace, os.environ, _kubectl_options(target)
    )

    async def send() -> None:
        sent = await asyncio.to_thread(send_weights, bundle, folder, weights, run)
        note(f"{sent} of {len(weights.files)} files sent")

    return send


def _kubectl_options(target: Target) -> tuple[str, ...]:
    pairs = {"--context": target.context, "--kubeconfig": target.kubeconfig, "--as": target.as_user}
    groups = tuple(f"--as-group={group}" for group in target.as_groups)
    return (*(f"{name}={value}" for name, value in pairs.items() if value), *groups)


def _options(wish: PreloadWish, proxies: dict[str, str] | None = None) -> JobOptions:
    return JobOptions(
        run_as_user=wish.run_as_user, proxies=proxies, ca_config_map=wish.ca_config_map
    )


def _proxies() -> dict[str, str]:
    """Pass on the proxy of this machine, unless it carries a login, which a Job would show."""
    proxy = proxy_for("https://api.ngc.nvidia.com", os.environ)
    if proxy is None or "@" in proxy:
        return {}
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    return {"HTTPS_PROXY": proxy, **({"NO_PROXY": exempt} if exempt else {})}


async def print_preloaded(target: Target, output: str) -> int:
    """Print the claims that are complete."""
    async with wiring.connect(target) as client:
        found = await list_preloaded(client, wiring.project(target, client))
    if output == "json":
        print_data(
            [
                {
                    "claim": each.claim,
                    "image": each.image,
                    "digest": each.digest,
                    "profiles": list(each.profiles),
                    "bytes": each.size,
                    "at": each.at,
                    "subPath": each.sub_path,
                }
                for each in found
            ],
            "json",
        )
        return 0
    print_table(
        ["CLAIM", "IMAGE", "PROFILES", "SIZE", "SINCE"],
        [
            [each.claim, each.image, ",".join(each.profiles), size(each.size), each.at]
            for each in found
        ],
    )
    return 0
