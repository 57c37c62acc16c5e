"""The states of old clusters in tests/data/old-clusters, and what a clean-up must make of them."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from odh_nim.domain.manifest import Manifest

FOLDER: Final = Path(__file__).parents[1] / "data" / "old-clusters"
WEBHOOK_FILE: Final = "90-webhook.yaml"
# One folder is one state; here one FILE is.
VARIANTS: Final = "mixed/dsc-variants"


@dataclass(frozen=True)
class Expected:
    """What must become of one object."""

    object: str
    cleanup: str
    when: str = ""
    after_migration: str = ""


def states() -> list[str]:
    """Name every state but the variants of the DataScienceCluster."""
    found = (path.parent.relative_to(FOLDER) for path in FOLDER.rglob("expected.yaml"))
    return sorted(str(path) for path in found if str(path) != VARIANTS)


def manifests(state: str, *, webhook: bool = False) -> list[Manifest]:
    """Read the objects of a state in the order of its files."""
    found: list[Manifest] = []
    for path in sorted((FOLDER / state).glob("*.yaml")):
        if path.name == "expected.yaml" or (path.name == WEBHOOK_FILE and not webhook):
            continue
        found += read_all(path)
    return found


def read_all(path: Path) -> list[Manifest]:
    """Read a file of objects."""
    return copy.deepcopy(_read_all(path))


@cache
def _read_all(path: Path) -> list[Manifest]:
    # The loader written in C where there is one: the files are read some hundred times.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [one for one in yaml.load_all(path.read_text(), loader) if one]


def variants() -> list[dict[str, str]]:
    """Give the variants of the DataScienceCluster: file, schema, action."""
    found: list[dict[str, str]] = expected_data(VARIANTS)["variants"]
    return found


def expected(state: str) -> list[Expected]:
    """Read what must become of each object."""
    return [
        Expected(one["object"], one["cleanup"], one.get("when", ""), one.get("after_migration", ""))
        for one in expected_data(state)["objects"]
    ]


def expected_data(state: str) -> dict[str, Any]:
    """Read a state's expected.yaml."""
    data: dict[str, Any] = yaml.safe_load((FOLDER / state / "expected.yaml").read_text())
    return data


def identity(item: Manifest) -> str:
    """Name an object as expected.yaml does."""
    metadata = item["metadata"]
    parts = (item["kind"], metadata.get("namespace"), metadata["name"])
    return "/".join(part for part in parts if part)


def content(item: Manifest) -> Manifest:
    """Give what must stay the same: everything but what the server writes by itself."""
    kept = copy.deepcopy(item)
    kept.pop("status", None)
    for name in ("resourceVersion", "generation", "managedFields", "creationTimestamp"):
        kept["metadata"].pop(name, None)
    return kept


def differences(
    state: str, before: dict[str, Manifest], after: dict[str, Manifest], wanted: dict[str, str]
) -> list[str]:
    """Compare two moments with what was wanted, object by object."""
    found: list[str] = []
    for name, was in before.items():
        now = after.get(name)
        if now is None:
            became = "delete"
        elif now["metadata"]["uid"] != was["metadata"]["uid"]:
            became = "replaced"
        else:
            became = "keep" if content(now) == content(was) else "patch"
        want = {"report": "keep"}.get(wanted.get(name, "keep"), wanted.get(name, "keep"))
        if became != want:
            found.append(f"{state}: {name}: wanted {want}, is {became}")
    return found


def keys_of(state: str) -> Iterator[str]:
    """Give every secret text of a state, plain and as it stands in the file: all are canaries."""
    from base64 import b64decode  # noqa: PLC0415 - for this alone

    for item in manifests(state):
        if item["kind"] != "Secret":
            continue
        texts = [b64decode(one).decode() for one in (item.get("data") or {}).values()]
        texts += list((item.get("stringData") or {}).values())
        for text in texts:
            yield from (word for word in _words(text) if len(word) >= 16)


def _words(text: str) -> list[str]:
    import re  # noqa: PLC0415 - for this alone
    from base64 import b64encode  # noqa: PLC0415 - for this alone

    words = re.findall(r"nvapi-[\w.-]+|hf_\w+|[A-Za-z0-9+/=]{24,}|not-a-real-key[\w-]*", text)
    return [*words, *(b64encode(word.encode()).decode() for word in words)]
