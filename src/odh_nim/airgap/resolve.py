"""From the list of models to the plan: every tag becomes a digest, every problem is found at once.

Only manifests and configurations are read, a few kilobytes per image.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.airgap.model_list import ModelList, WantedModel
from odh_nim.airgap.oci import (
    DOWNLOAD_PROTOCOL_LABEL,
    Blob,
    ImageConfig,
    ImageIndex,
    ImageManifest,
    ManifestRef,
    RawManifest,
    parse_config,
    parse_manifest,
)
from odh_nim.airgap.plan import ModelFacts, Plan, PlannedImage, Problem
from odh_nim.catalog.catalog import Catalog
from odh_nim.catalog.search import find_model
from odh_nim.domain.errors import (
    DigestError,
    RegistryError,
    UnknownModelError,
    UnusableManifestError,
)
from odh_nim.domain.image import ImageReference
from odh_nim.domain.model import Model
from odh_nim.manifests.families import classify

_AT_ONCE: Final = 8
# A configuration holds text: more is a mistake or an attack.
_MOST_CONFIG: Final = 8 * 1024 * 1024


class SourceRegistry(Protocol):
    """What planning reads of a registry."""

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """Give a manifest byte for byte."""

    def read_blob(
        self, repository: str, digest: str, size: int, offset: int = 0
    ) -> Iterator[bytes]:
        """Give the bytes of a blob."""


@dataclass(frozen=True)
class _Wanted:
    reference: ImageReference
    model: ModelFacts | None = None


@dataclass(frozen=True)
class Resolved:
    """The plan, and what kept images out of it; with problems nothing may be transferred."""

    plan: Plan
    problems: tuple[Problem, ...]


def resolve(
    wanted: ModelList,
    open_registry: Callable[[str], SourceRegistry],
    *,
    catalog: Catalog | None = None,
    all_platforms: bool = False,
) -> Resolved:
    """Ask for every image of a list, several at once, and collect all problems."""
    problems: list[Problem] = []
    images = [
        *(each for model in wanted.models for each in _of_model(model, catalog, problems)),
        *(_Wanted(reference) for reference in wanted.images),
    ]
    images = _unique(images, problems)
    resolver = _Resolver(open_registry, wanted.platform, all_platforms=all_platforms)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="plan") as pool:
        answers = list(pool.map(resolver.one, images))
    found = [each for each in answers if isinstance(each, PlannedImage)]
    problems += [each for each in answers if isinstance(each, Problem)]
    found.sort(key=lambda image: image.name)
    return Resolved(Plan(tuple(found), wanted.platform), tuple(problems))


def _of_model(
    wanted: WantedModel, catalog: Catalog | None, problems: list[Problem]
) -> Iterator[_Wanted]:
    name, model = str(wanted.reference), None
    if catalog is not None:
        try:
            model = find_model(catalog, wanted.reference)
        except UnknownModelError as error:
            problems.append(Problem(name, "unknown-model", error.message, error.remedy))
            return
    elif wanted.reference.team is None:
        problems.append(
            Problem(name, "no-team", "Its team is not known.", "Write team/name, or use --catalog.")
        )
        return
    tags = wanted.tags
    if not tags:
        preselected = model.preselected_tag if model else None
        if preselected is None:
            problems.append(Problem(name, "no-tag", "No tag is named.", "Name its tags."))
            return
        tags = (preselected,)
    plain = f"nim/{wanted.reference.team}/{wanted.reference.name}"
    repository = model.repository if model else plain
    facts = _facts(wanted, model, repository)
    for tag in tags:
        yield _Wanted(ImageReference(repository, tag, registry=wanted.registry), facts)


def _facts(wanted: WantedModel, model: Model | None, repository: str) -> ModelFacts:
    if model is None:
        name = repository.rpartition("/")[2]
        family = classify(repository).family
        return ModelFacts(name, family=family, profiles=wanted.profiles, weights=wanted.weights)
    return ModelFacts(
        model.key,
        model.display_name,
        model.family,
        eu_restricted=model.eu_restricted,
        profiles=wanted.profiles,
        weights=wanted.weights,
    )


def _unique(images: Iterable[_Wanted], problems: list[Problem]) -> list[_Wanted]:
    """Drop doubles; two registries with one path would overwrite each other in a mirror."""
    kept: dict[str, _Wanted] = {}
    owners: dict[str, str] = {}
    for image in images:
        reference = image.reference
        owner = owners.setdefault(reference.repository, reference.registry)
        if owner != reference.registry:
            message = f"{owner} and {reference.registry} both have {reference.repository}."
            problems.append(Problem(str(reference), "same-path", message, "Mirror one of them."))
            continue
        kept.setdefault(str(reference), image)
    return list(kept.values())


class _Resolver:
    def __init__(
        self,
        open_registry: Callable[[str], SourceRegistry],
        platform: str,
        *,
        all_platforms: bool,
    ) -> None:
        self._open = open_registry
        self._platform = platform
        self._all = all_platforms

    def one(self, wanted: _Wanted) -> PlannedImage | Problem:
        """Resolve one image; every expected fault is a problem, no exception."""
        name = str(wanted.reference)
        try:
            return self._resolve(wanted)
        except RegistryError as error:
            return _problem(name, error)
        except UnusableManifestError as error:
            return Problem(name, "unusable", f"{error.message}.")
        except DigestError as error:
            return Problem(name, "digest", error.message)

    def _resolve(self, wanted: _Wanted) -> PlannedImage:
        reference = wanted.reference
        registry = self._open(reference.registry)
        repository = reference.repository
        raw = registry.manifest(repository, reference.digest or reference.tag or "")
        top, parsed = _as_reference(raw), parse_manifest(raw)
        children: tuple[ManifestRef, ...] = ()
        if isinstance(parsed, ImageIndex):
            if self._all:
                children = parsed.manifests
                images = [_image(registry.manifest(repository, each.digest)) for each in children]
                config = _config(registry, repository, images[0]) if images else ImageConfig()
            else:
                chosen = self._choose(parsed)
                raw = registry.manifest(repository, chosen.digest)
                top = _as_reference(raw, chosen.platform)
                images = [_image(raw)]
                config = _config(registry, repository, images[0])
        else:
            images = [parsed]
            config = _config(registry, repository, parsed)
            self._check_platform(config)
            top = _as_reference(raw, config.platform)
        blobs = dict.fromkeys(blob for image in images for blob in image.blobs)
        return PlannedImage(
            reference=reference,
            manifest=top,
            blobs=tuple(blobs),
            source_digest=raw.digest if not children else top.digest,
            children=children,
            download_protocol=config.labels.get(DOWNLOAD_PROTOCOL_LABEL, ""),
            model=wanted.model,
        )

    def _choose(self, index: ImageIndex) -> ManifestRef:
        for manifest in index.manifests:
            if manifest.platform == self._platform:
                return manifest
        there = ", ".join(sorted({each.platform for each in index.manifests})) or "none"
        raise UnusableManifestError(f"it has no image for {self._platform}; it has {there}")

    def _check_platform(self, config: ImageConfig) -> None:
        # Some old images do not say; then there is nothing to compare.
        wanted = "/".join(self._platform.split("/")[:2])
        if config.platform and config.platform != wanted:
            raise UnusableManifestError(f"it is for {config.platform}, not for {self._platform}")


def _as_reference(raw: RawManifest, platform: str = "") -> ManifestRef:
    return ManifestRef(raw.digest, len(raw.body), raw.media_type, platform)


def _image(raw: RawManifest) -> ImageManifest:
    parsed = parse_manifest(raw)
    if isinstance(parsed, ImageIndex):
        raise UnusableManifestError("it has an index inside its index")
    return parsed


def _config(registry: SourceRegistry, repository: str, image: ImageManifest) -> ImageConfig:
    blob: Blob = image.config
    if blob.size > _MOST_CONFIG:
        return ImageConfig()
    return parse_config(b"".join(registry.read_blob(repository, blob.digest, blob.size)))


_PROBLEMS: Final = {
    401: (
        "key-refused",
        "The registry refused the login.",
        "Give a personal NGC API key with --key-file.",
    ),
    402: (
        "no-entitlement",
        "The key's organisation has no entitlement for it (402).",
        "Use a key of an organisation with NVIDIA AI Enterprise or a developer licence.",
    ),
    403: (
        "terms",
        "The key has no right to it (403), or its terms are not accepted.",
        "Accept them on the model's page at https://catalog.ngc.nvidia.com.",
    ),
    451: (
        "eu-restricted",
        "NVIDIA does not offer it in the region this machine calls from (451).",
        "Take it off the list, or mirror from another region.",
    ),
}


def _problem(name: str, error: RegistryError) -> Problem:
    if error.status == 404:  # noqa: PLR2004 - HTTP
        unknown = error.code == "NAME_UNKNOWN"
        message = "The registry has no such image." if unknown else "The registry has no such tag."
        return Problem(
            name,
            "unknown-model" if unknown else "unknown-tag",
            message,
            "`odh-nim models show` lists the tags.",
            404,
        )
    # A registry may say DENIED with 401: the login is known and may not.
    status = 403 if error.code == "DENIED" else error.status
    if status in _PROBLEMS:
        code, message, remedy = _PROBLEMS[status]
        return Problem(name, code, message, remedy, status)
    return Problem(name, "could-not-ask", f"Could not ask: {error.cause}.", "Try again.", status)
