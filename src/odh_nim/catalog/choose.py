"""Which models a restricted catalogue holds: by pattern, or by a list in a file."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from odh_nim.catalog.search import find_tag
from odh_nim.catalog.tags import default_tag
from odh_nim.domain.errors import InputError, UnknownModelError
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model

_SHOWN: Final = 5


@dataclass(frozen=True)
class Wanted:
    """What a person asked for; nothing of both means everything."""

    patterns: tuple[str, ...] = ()
    references: tuple[ModelReference, ...] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.patterns and self.references is None

    def choose(self, resource_ids: Iterable[str]) -> set[str]:
        """Choose among ids.

        Raises:
            UnknownModelError: A pattern or a line of the file fits none; all of them are named.

        """
        ids = set(resource_ids)
        if self.everything:
            return ids
        chosen: set[str] = set()
        unknown: list[str] = []
        for pattern in self.patterns:
            found = {each for each in ids if _fits(each, pattern)}
            chosen |= found
            unknown += [] if found else [pattern]
        for reference in self.references or ():
            found = {each for each in ids if _names(reference, each)}
            chosen |= found
            unknown += [] if found else [str(reference)]
        if unknown:
            more = ", …" if len(unknown) > _SHOWN else ""
            raise UnknownModelError(
                f"NVIDIA lists no model for {', '.join(unknown[:_SHOWN])}{more}.",
                remedy="Nothing was written.",
            )
        return chosen

    def narrow(self, model: Model) -> Model:
        """Keep only the tags that were named, where tags were named.

        Raises:
            UnknownModelError: The model has not such a tag.

        """
        named = [each.tag for each in self.references or () if _names(each, model.repository)]
        wanted = [find_tag(model, tag) for tag in named if tag]
        if not wanted or None in named:
            return model
        tags = tuple(tag for tag in model.tags if tag in wanted)
        preselected = default_tag(tags)
        latest = model.latest_tag if model.latest_tag in tags else preselected or tags[0]
        digests = {tag: digest for tag, digest in model.digests.items() if tag in tags}
        return replace(
            model, tags=tags, latest_tag=latest, default_tag=preselected, digests=digests
        )


def read_models_file(path: Path) -> tuple[ModelReference, ...]:
    """Read a list of models: `[TEAM/]MODEL[:TAG]` a line; `#` begins a comment.

    Raises:
        InputError: The file cannot be read, names nothing, or a line is no model.

    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list of models {path} cannot be read: {error}") from error
    references = []
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            try:
                references.append(ModelReference.parse(text))
            except InputError as error:
                raise InputError(f"{path}:{number}: {error.message}", remedy=error.remedy) from None
    if not references:
        raise InputError(f"The list of models {path} names none.")
    return tuple(references)


def _fits(resource_id: str, pattern: str) -> bool:
    _, _, path = resource_id.partition("/")
    name = resource_id.rsplit("/", 1)[-1]
    return any(fnmatchcase(text, pattern) for text in (resource_id, path, name))


def _names(reference: ModelReference, resource_id: str) -> bool:
    _, _, path = resource_id.partition("/")
    if reference.team:
        return path == f"{reference.team}/{reference.name}"
    return resource_id.rsplit("/", 1)[-1] == reference.name
