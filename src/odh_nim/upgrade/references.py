"""Who names a Secret or a claim: found by walking whole objects, so that no place is forgotten.

A text counts as a reference to a Secret when a key above it has "secret" in its name:
`secretKeyRef`, `imagePullSecrets`, `volumes[].secret`, `authSecret`, `apiKeySecret`, and whatever
a kind that is not known yet may call it. That errs on the side of keeping.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.domain.manifest import Manifest

EVERYWHERE: Final = "*"
_SECRET: Final = "secret"  # noqa: S105 - a word in the names of fields
_CLAIM: Final = ("claim", "pvc")
_PVC_URI: Final = "pvc://"
# Written by others about the object, not by the object about others.
_NOT_USES: Final = ("managedFields", "ownerReferences")


@dataclass(frozen=True)
class Reference:
    """An object that names another: `path` is where."""

    kind: str
    namespace: str
    name: str
    path: str
    uid: str = ""
    owners: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind}/{place}{self.name}"


@dataclass(frozen=True)
class Wanted:
    """The names that references are looked for."""

    secrets: frozenset[str]
    claims: frozenset[str] = frozenset()


class Uses:
    """Which objects name which Secrets and claims, by namespace and name."""

    def __init__(self) -> None:
        self._secrets: dict[tuple[str, str], list[Reference]] = {}
        self._claims: dict[tuple[str, str], list[Reference]] = {}

    def add(self, item: Manifest, wanted: Wanted) -> None:
        """Note what an object names."""
        for kind, name, namespace, path in _mentions(item, wanted):
            found = self._secrets if kind == _SECRET else self._claims
            references = found.setdefault((namespace, name), [])
            reference = _reference(item, path)
            if all(str(one) != str(reference) for one in references):
                references.append(reference)

    def of_secret(self, namespace: str, name: str) -> tuple[Reference, ...]:
        """Give the users of a Secret; a cluster-wide object counts in every namespace."""
        return _both(self._secrets, namespace, name)

    def of_claim(self, namespace: str, name: str) -> tuple[Reference, ...]:
        """Give the users of a claim."""
        return _both(self._claims, namespace, name)


def _both(
    found: Mapping[tuple[str, str], list[Reference]], namespace: str, name: str
) -> tuple[Reference, ...]:
    return (*found.get((namespace, name), ()), *found.get((EVERYWHERE, name), ()))


def _reference(item: Manifest, path: str) -> Reference:
    metadata = item["metadata"]
    owners = tuple(str(owner.get("uid")) for owner in metadata.get("ownerReferences") or [])
    return Reference(
        str(item.get("kind", "Object")),
        metadata.get("namespace") or "",
        metadata["name"],
        path,
        str(metadata.get("uid", "")),
        owners,
    )


def _mentions(item: Manifest, wanted: Wanted) -> Iterator[tuple[str, str, str, str]]:
    own = item["metadata"].get("namespace") or EVERYWHERE
    for text, path, beside in _texts(item):
        lowered = path.lower()
        if text in wanted.secrets and _SECRET in lowered:
            yield _SECRET, text, _namespace(beside, own), path
        claim = text.removeprefix(_PVC_URI).split("/", 1)[0]
        if claim in wanted.claims and (
            text.startswith(_PVC_URI) or any(word in lowered for word in _CLAIM)
        ):
            yield "claim", claim, own, path


def _namespace(beside: Mapping[str, Any], own: str) -> str:
    other = beside.get("namespace")
    return other if isinstance(other, str) and other else own


def _texts(item: Manifest) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Give every text of an object with its path and the mapping it stands in."""
    parts = {key: value for key, value in item.items() if key != "status"}
    parts["metadata"] = {
        key: value
        for key, value in item["metadata"].items()
        if key not in (*_NOT_USES, "name", "namespace")
    }
    waiting: list[tuple[Any, str, Mapping[str, Any]]] = [(parts, "", {})]
    while waiting:
        value, path, beside = waiting.pop()
        if isinstance(value, str):
            yield value, path, beside
        elif isinstance(value, dict):
            waiting += [(inner, f"{path}.{key}", value) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(inner, f"{path}[{index}]", beside) for index, inner in enumerate(value)]
