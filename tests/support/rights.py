"""Roles as the API server's authorizer reads them, for a Job that runs with its own rights."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from support.old_clusters import read_all

FOLDER: Final = Path(__file__).parents[2] / "config" / "upgrade-job"
_VERBS: Final = {"replace": "update"}


@dataclass(frozen=True)
class Right:
    """One verb on one type, in one namespace or everywhere, on one name or any."""

    verb: str
    group: str
    plural: str
    name: str = ""
    namespace: str = ""

    def allows(self, used: "Right") -> bool:
        """Say whether what was done is covered."""
        same = (self.verb, self.group, self.plural) == (used.verb, used.group, used.plural)
        return same and self.name in ("", used.name) and self.namespace in ("", used.namespace)


def used_right(verb: str, resource: ApiResource, name: str, namespace: str | None) -> Right:
    """Say which right a call needs; one to create is asked for without a name."""
    verb = _VERBS.get(verb, verb)
    named = "" if verb in ("create", "list") else name
    return Right(verb, resource.group, resource.plural, named, namespace or "")


def job_manifests(namespace: str) -> list[Manifest]:
    """Give what `kubectl apply -k config/upgrade-job` applies, for this namespace."""
    found: list[Manifest] = []
    for name in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]:
        found += read_all(FOLDER / name)
    for item in found:
        if not item["kind"].startswith("Cluster"):
            item["metadata"]["namespace"] = namespace
        for subject in item.get("subjects") or []:
            subject["namespace"] = namespace
    return found


def granted(manifests: list[Manifest]) -> Iterator[Right]:
    """Give every right of the Roles, one by one."""
    for item in manifests:
        space = item["metadata"].get("namespace", "") if item["kind"] == "Role" else ""
        for rule in item.get("rules") or []:
            yield from (Right(*one, space) for one in _rights(rule))


def _rights(rule: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    names = rule.get("resourceNames") or [""]
    return itertools.product(rule["verbs"], rule["apiGroups"], rule["resources"], names)
