"""The catalogue of a disconnected cluster: exactly what `verify` found in the mirror."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.airgap.resources.mirrors import Mirror
from odh_nim.airgap.resources.tags import choose_tags
from odh_nim.airgap.verified import Verified
from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.catalog import Catalog
from odh_nim.catalog.tags import default_tag, sort_tags
from odh_nim.domain import names
from odh_nim.domain.errors import MirrorPlanError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.manifests.families import family_of


@dataclass(frozen=True)
class MirrorCatalog:
    """The ConfigMap, and what a person should know about it."""

    manifest: Manifest
    findings: tuple[Finding, ...]


def build_mirror_catalog(
    plan: Plan,
    verified: Verified,
    *,
    base: Catalog | None = None,
    name: str = names.MIRROR_CATALOG,
    namespace: str | None = None,
    mirror: Mirror | None = None,
    date: str = "",
    profiles: Mapping[str, Sequence[str]] | None = None,
) -> MirrorCatalog:
    """Build the catalogue of a mirror; `base` gives names and texts, `profiles` what is preloaded.

    With a `mirror` the images are named in the mirror itself: for clusters without any rule that
    rewrites them, where only our own wizard is used.

    Raises:
        MirrorPlanError: Nothing of the plan is in the mirror.

    """
    found = {each.image: each.digest for each in verified.images}
    images: dict[str, list[PlannedImage]] = {}
    for image in plan.images:
        if image.model is not None and image.name in found and image.reference.tag:
            images.setdefault(image.repository, []).append(image)
    if not images:
        raise MirrorPlanError(
            "The catalogue of the mirror", ["Nothing of the plan was found in it."]
        )
    shipped = {model.repository: model for model in base.models} if base else {}
    findings: list[Finding] = []
    models = [
        _model(group, found, shipped.get(repository), profiles or {}, findings)
        for repository, group in sorted(images.items())
    ]
    if mirror is not None:
        models = [_renamed(model, mirror) for model in models]
    findings += _missing(plan, images)
    manifest = build_config_map(
        models, date=date or _newest(models, base), name=name, namespace=namespace
    )
    manifest["metadata"]["annotations"] |= {
        names.MIRROR_PLAN: verified.plan,
        names.MIRROR_REGISTRY: verified.registry,
    }
    return MirrorCatalog(manifest, tuple(findings))


def _model(
    images: list[PlannedImage],
    found: Mapping[str, str],
    shipped: Model | None,
    profiles: Mapping[str, Sequence[str]],
    findings: list[Finding],
) -> Model:
    first = images[0]
    assert first.model is not None
    chosen = choose_tags({image.target: found[image.name] for image in images})
    tags = sort_tags(tuple(chosen.digests))
    findings += [
        Finding(Severity.WARNING, "tag-kept", first.repository, warning)
        for warning in chosen.warnings
    ]
    family = shipped.family if shipped else first.model.family
    base = shipped or Model(
        key=first.model.key,
        name=first.repository.rpartition("/")[2],
        repository=first.repository,
        tags=tags,
        display_name=first.model.display_name,
        eu_restricted=first.model.eu_restricted,
        family=family,
        protocols=family_of(family).protocols,
    )
    preselected = default_tag(tags)
    latest = base.latest_tag if base.latest_tag in tags else preselected or tags[0]
    sizes = {image.target: sum(blob.size for blob in image.blobs) for image in images}
    cached = {
        image.target: tuple(ids)
        for image in images
        if image.target in tags and (ids := profiles.get(image.name))
    }
    return replace(
        base,
        tags=tags,
        latest_tag=latest,
        default_tag=preselected,
        digests={tag: chosen.digests[tag] for tag in tags},
        size_bytes=sizes[latest],
        architectures=_architectures(images),
        model_profiles=cached,
    )


def _renamed(model: Model, mirror: Mirror) -> Model:
    repository = f"{mirror.prefix}/{model.repository}" if mirror.prefix else model.repository
    return replace(model, registry=mirror.host, repository=repository)


def _architectures(images: Iterable[PlannedImage]) -> tuple[str, ...]:
    platforms = {
        manifest.platform
        for image in images
        for manifest in (image.children or (image.manifest,))
        if manifest.platform.startswith("linux/")
    }
    return tuple(sorted(each.removeprefix("linux/") for each in platforms))


def _newest(models: Sequence[Model], base: Catalog | None) -> str:
    """Take the date from the content: the same mirror gives the same bytes."""
    return max((model.updated_date for model in models), default="") or (
        (base.date if base else None) or ""
    )


def _missing(plan: Plan, there: Mapping[str, object]) -> list[Finding]:
    wanted = {image.repository for image in plan.images if image.model is not None}
    return [
        Finding(
            Severity.WARNING,
            "model-missing",
            repository,
            "It is in the plan, but the mirror has none of its tags: it is not in the catalogue.",
            "Mirror it and verify again.",
        )
        for repository in sorted(wanted - set(there))
    ]
