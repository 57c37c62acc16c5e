"""The customer's list of models: a small YAML file, read with all its mistakes at once.

Its JSON schema is data/models.schema.json, for editors and for checks in a site's own pipeline.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from odh_nim.domain.errors import InputError, MirrorPlanError, printable
from odh_nim.domain.image import ImageReference, ModelReference, is_tag
from odh_nim.domain.names import REGISTRY
from odh_nim.manifests.yaml import load_yaml

_TOP: Final = {"version", "platform", "models", "images"}
_MODEL: Final = {"model", "tags", "profiles", "weights"}
_PLATFORM: Final = re.compile(r"linux/[a-z0-9]+(?:/[a-z0-9]+)?")
_PROFILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
VERSION: Final = 1


@dataclass(frozen=True)
class WantedModel:
    """A model of the list; without tags the catalogue's preselected one is taken."""

    reference: ModelReference
    tags: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    weights: str = ""
    registry: str = REGISTRY


@dataclass(frozen=True)
class ModelList:
    """What a site wants to have."""

    models: tuple[WantedModel, ...]
    images: tuple[ImageReference, ...] = ()
    platform: str = "linux/amd64"


def schema() -> str:
    """Give the JSON schema of the list."""
    return (files("odh_nim.airgap") / "data" / "models.schema.json").read_text(encoding="utf-8")


def parse_model_list(text: str, *, name: str = "The list of models") -> ModelList:
    """Read a list.

    Raises:
        MirrorPlanError: It cannot be used; every mistake is named.

    """
    try:
        document = load_yaml(text)
    except InputError as error:
        raise MirrorPlanError(name, [str(error)]) from None
    if not isinstance(document, dict):
        raise MirrorPlanError(name, ["It is no mapping with the key `models`."])
    problems = list(_top_problems(document))
    models = [_model(item, at, problems) for at, item in _items(document, "models", problems)]
    images = [_image(item, at, problems) for at, item in _items(document, "images", problems)]
    found = [model for model in models if model]
    problems += _doubles(found)
    if not problems and not found and not any(images):
        problems.append("It names no models and no images.")
    if problems:
        raise MirrorPlanError(name, problems, remedy="`odh-nim airgap plan --schema` shows how.")
    return ModelList(
        tuple(found),
        tuple(image for image in images if image),
        document.get("platform", "linux/amd64"),
    )


def _top_problems(document: dict[str, Any]) -> Iterator[str]:
    for key in sorted(map(str, set(document) - _TOP)):
        yield f"`{printable(key, 40)}` is not known; known are {', '.join(sorted(_TOP))}."
    if document.get("version", VERSION) != VERSION:
        yield f"version: only {VERSION} is known."
    platform = document.get("platform", "linux/amd64")
    if not isinstance(platform, str) or not _PLATFORM.fullmatch(platform):
        yield "platform: write it as linux/amd64."


def _items(document: dict[str, Any], key: str, problems: list[str]) -> Iterator[tuple[str, object]]:
    value = document.get(key) or []
    if not isinstance(value, list):
        problems.append(f"{key}: it is no list.")
        return
    for number, item in enumerate(value, 1):
        yield f"{key}[{number}]", item


def _model(item: object, at: str, problems: list[str]) -> WantedModel | None:
    if isinstance(item, str):
        item = {"model": item}
    if not isinstance(item, dict):
        problems.append(f"{at}: it is neither a model's name nor a mapping.")
        return None
    before = len(problems)
    problems += [
        f"{at}: `{printable(str(key), 40)}` is not known; known are {', '.join(sorted(_MODEL))}."
        for key in sorted(map(str, set(item) - _MODEL))
    ]
    tags = _texts(item, "tags", at, problems)
    problems += [f"{at}: {printable(tag)!r} is no tag." for tag in tags if not is_tag(tag)]
    profiles = _texts(item, "profiles", at, problems)
    problems += [
        f"{at}: {printable(profile)!r} is no profile id."
        for profile in profiles
        if not _PROFILE.fullmatch(profile)
    ]
    weights = item.get("weights", "")
    if not isinstance(weights, str):
        problems.append(f"{at}: weights is no folder's name.")
    reference = _reference(item.get("model"), at, problems)
    if reference and reference.tag and tags:
        problems.append(f"{at}: it has a tag in `model` and the list `tags`; write one of them.")
    if len(problems) > before or reference is None:
        return None
    wanted = (reference.tag,) if reference.tag else tags
    return WantedModel(
        ModelReference(reference.name, reference.team), wanted, profiles, str(weights)
    )


def _reference(value: object, at: str, problems: list[str]) -> ModelReference | None:
    if not isinstance(value, str) or not value:
        problems.append(f"{at}: `model` is missing; write team/name.")
        return None
    try:
        found = ModelReference.parse(value)
        # The grammar of repositories too: the name becomes a path at the registry.
        ImageReference(f"nim/{found.team or 'team'}/{found.name}", "x")
    except InputError as error:
        problems.append(f"{at}: {error.message}")
        return None
    return found


def _texts(item: dict[str, Any], key: str, at: str, problems: list[str]) -> tuple[str, ...]:
    value = item.get(key) or []
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(dict.fromkeys(value))
    hint = " Put numbers in quotes: 1.10 is a number, not a tag." if key == "tags" else ""
    problems.append(f"{at}: {key} is no list of texts.{hint}")
    return ()


def _image(item: object, at: str, problems: list[str]) -> ImageReference | None:
    if not isinstance(item, str):
        problems.append(f"{at}: it is no image reference.")
        return None
    try:
        return ImageReference.parse(with_docker_host(item))
    except InputError as error:
        problems.append(f"{at}: {error.message}")
        return None


def with_docker_host(text: str) -> str:
    """Write a short reference of Docker's registry in full: `kserve/agent:v0.15.0`."""
    head, slash, _ = text.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return text
    return f"docker.io/{text}" if slash else f"docker.io/library/{text}"


def _doubles(models: list[WantedModel]) -> list[str]:
    seen: set[ModelReference] = set()
    twice: list[str] = []
    for model in models:
        if model.reference in seen:
            twice.append(f"{model.reference} is there twice; write all its tags in one entry.")
        seen.add(model.reference)
    return twice
