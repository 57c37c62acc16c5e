"""Reads kubeconfigs as kubectl does: merged, paths beside their file, one context picked.

Without any kubeconfig, inside a pod, the pod's ServiceAccount is used.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from odh_nim.cluster.config import ConnectionConfig
from odh_nim.cluster.context import Parts, build_config
from odh_nim.cluster.identity import check_impersonation
from odh_nim.cluster.in_cluster import SERVICE_ACCOUNT, in_cluster_config
from odh_nim.domain.errors import InputError, KubeconfigError, printable

_LIMIT: Final = 16 * 1024 * 1024
_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}


@dataclass
class _Merged:
    """What the files say together; of two entries with one name the first counts."""

    current: str = ""
    # section → name → (content, folder of its file)
    entries: dict[str, dict[str, Parts]] = field(
        default_factory=lambda: {section: {} for section in _SECTIONS}
    )


def load_kubeconfig(
    *,
    path: str | Path | None = None,
    context: str | None = None,
    environ: Mapping[str, str],
    as_user: str | None = None,
    as_groups: Sequence[str] = (),
    service_account: Path = SERVICE_ACCOUNT,
) -> ConnectionConfig:
    """Find the connection: the file given, `KUBECONFIG`, `~/.kube/config`, or the pod's account.

    Raises:
        KubeconfigError: There is none, or it cannot be used.

    """
    try:
        check_impersonation(as_user, tuple(as_groups))
    except InputError as error:
        raise KubeconfigError(error.message) from None
    merged = _merge(_files(path, environ))
    groups = tuple(as_groups)
    if merged is None:
        inside = in_cluster_config(environ, service_account, as_user=as_user, as_groups=groups)
        if inside is not None and context is None:
            return inside
        raise KubeconfigError(
            "There is no kubeconfig.",
            remedy="Log in (oc login …), name a file with --kubeconfig, or set KUBECONFIG.",
        )
    name, picked = _pick(merged, context)
    cluster = _named(merged, "clusters", picked.content.get("cluster"), name)
    user = _named(merged, "users", picked.content.get("user"), name)
    return build_config(
        name, picked, cluster, user, environ=environ, as_user=as_user, as_groups=groups
    )


def _files(path: str | Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Name the files to read; a file named by the user must be there."""
    if path:
        file = Path(path).expanduser()
        if not file.is_file():
            raise KubeconfigError(f"There is no kubeconfig {printable(str(file))}.")
        return [file]
    if listed := environ.get("KUBECONFIG"):
        named = [Path(part).expanduser() for part in listed.split(os.pathsep) if part]
        found = [file for file in named if file.is_file()]
        if named and not found:
            raise KubeconfigError(
                f"There is no kubeconfig {printable(listed)}, which KUBECONFIG names.",
                remedy="Correct KUBECONFIG or unset it.",
            )
        return found
    home = environ.get("HOME")
    file = (Path(home) if home else Path("~").expanduser()) / ".kube" / "config"
    return [file] if file.is_file() else []


def _merge(files: list[Path]) -> _Merged | None:
    documents = [(file, _read(file)) for file in files]
    documents = [(file, document) for file, document in documents if document]
    if not documents:
        return None
    merged = _Merged()
    for file, document in documents:
        current = document.get("current-context")
        merged.current = merged.current or (current if isinstance(current, str) else "")
        for section, key in _SECTIONS.items():
            for name, content in _entries(file, document, section, key):
                entry = Parts(content, file.absolute().parent)
                merged.entries[section].setdefault(name, entry)
    return merged


def _read(file: Path) -> dict[str, Any]:
    place = printable(str(file))
    try:
        with file.open("rb") as stream:
            text = stream.read(_LIMIT + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise KubeconfigError(f"The kubeconfig {place} cannot be read: {reason}.") from None
    if len(text) > _LIMIT:
        raise KubeconfigError(f"The kubeconfig {place} is too large to be one.")
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        # Only the place: the error's own text repeats lines of the file, which hold secrets.
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise KubeconfigError(f"The kubeconfig {place} is no YAML{line}.") from None
    if document is None:
        return {}
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise KubeconfigError(f"The file {place} is no kubeconfig.")
    return document


def _entries(
    file: Path, document: dict[str, Any], section: str, key: str
) -> list[tuple[str, dict[str, Any]]]:
    entries = document.get(section) or []
    if not isinstance(entries, list):
        raise KubeconfigError(f"{section} in {printable(str(file))} is no list.")
    named: list[tuple[str, dict[str, Any]]] = []
    for entry in entries:
        name = entry.get("name") if isinstance(entry, dict) else None
        content = (entry.get(key) or {}) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(content, dict):
            raise KubeconfigError(
                f"An entry of {section} in {printable(str(file))} has no name or no {key}."
            )
        named.append((name, content))
    return named


def _pick(merged: _Merged, context: str | None) -> tuple[str, Parts]:
    contexts = merged.entries["contexts"]
    name = context or merged.current
    if not name:
        raise KubeconfigError(
            "The kubeconfig has no current context.",
            remedy=f"Pick one with --context{_names(contexts)}.",
        )
    if name not in contexts:
        import difflib  # noqa: PLC0415 - only for a typing error

        near = difflib.get_close_matches(name, contexts, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(printable(item) for item in near)}?" if near else ""
        raise KubeconfigError(
            f"The kubeconfig has no context {printable(name)!r}.",
            remedy=hint or f"Pick one with --context{_names(contexts)}.",
        )
    return name, contexts[name]


def _names(contexts: Mapping[str, Parts]) -> str:
    shown = [printable(name, 60) for name in list(contexts)[:5]]
    return f" (there is {', '.join(shown)})" if shown else ""


def _named(merged: _Merged, section: str, name: object, context: str) -> Parts:
    entries = merged.entries[section]
    if section == "users" and not name:
        return Parts({}, Path())
    if not isinstance(name, str) or name not in entries:
        kind = _SECTIONS[section]
        raise KubeconfigError(
            f"The context {printable(context)!r} names the {kind} {printable(str(name))!r}, "
            "which the kubeconfig does not have."
        )
    return entries[name]
