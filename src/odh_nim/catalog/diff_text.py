"""A difference between two catalogues, written for a terminal and for a pull request."""

from collections.abc import Iterator

from odh_nim.catalog.diff import CatalogDiff, ModelChange
from odh_nim.domain.model import Model


def render_text(diff: CatalogDiff) -> str:
    """Write a difference as lines: `+`, `-` and `~` with what changed below."""
    lines = [f"+ {_described(model)}" for model in diff.added]
    lines += [f"- {_described(model)}" for model in diff.removed]
    for change in diff.changed:
        lines.append(f"~ {change.repository}")
        lines += [f"    {fact}" for fact in _facts(change)]
    return "\n".join([*lines, f"{_summary(diff)}."])


def render_markdown(diff: CatalogDiff) -> str:
    """Write a difference as the text of a pull request."""
    lines = [f"The catalogue of models: {_summary(diff)}.", ""]
    for title, models in (("Added", diff.added), ("Removed", diff.removed)):
        if models:
            lines += [f"### {title}", ""]
            lines += [f"* `{model.repository}`: {_tags_of(model)}" for model in models]
            lines.append("")
    if diff.changed:
        lines += ["### Changed", ""]
        for change in diff.changed:
            lines.append(f"* `{change.repository}`")
            lines += [f"  * {fact}" for fact in _facts(change, quote="`")]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _facts(change: ModelChange, quote: str = "") -> Iterator[str]:
    if change.added_tags:
        yield f"new tags: {_joined(change.added_tags, quote)}"
    if change.removed_tags:
        yield f"tags gone: {_joined(change.removed_tags, quote)}"
    if change.latest:
        before, after = (f"{quote}{tag}{quote}" if tag else "none" for tag in change.latest)
        yield f"latest tag: {before} → {after}"
    if change.eu_restricted:
        yield "now restricted in the EU" if change.eu_restricted[1] else "free in the EU again"
    if change.fields:
        yield f"also changed: {', '.join(change.fields)}"


def _summary(diff: CatalogDiff) -> str:
    if diff.is_empty:
        return "no difference"
    marks = sum(change.eu_restricted is not None for change in diff.changed)
    return (
        f"{_count(len(diff.added), 'model')} added, {len(diff.removed)} removed, "
        f"{len(diff.changed)} changed, {_count(marks, 'EU mark')} changed"
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _described(model: Model) -> str:
    eu = ", restricted in the EU" if model.eu_restricted else ""
    return f"{model.repository} ({_count(len(model.tags), 'tag')}, latest {model.latest_tag}{eu})"


def _tags_of(model: Model) -> str:
    eu = "; **restricted in the EU**" if model.eu_restricted else ""
    return f"{_joined(model.tags, '`')}{eu}"


def _joined(tags: tuple[str, ...], quote: str) -> str:
    return ", ".join(f"{quote}{tag}{quote}" for tag in tags)
