"""All resources of a mirror as files in a folder: the same input gives the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from odh_nim.airgap.bundle.files import write_file
from odh_nim.airgap.plan import Plan
from odh_nim.airgap.resources.catalog import build_mirror_catalog
from odh_nim.airgap.resources.configuration import dashboard_patch, nim_config, nim_config_map
from odh_nim.airgap.resources.mirrors import (
    DRAIN_WARNING,
    Mirror,
    hosts_files,
    kyverno_policy,
    mirror_sets,
)
from odh_nim.airgap.verified import Verified
from odh_nim.catalog.catalog import Catalog
from odh_nim.domain import names
from odh_nim.domain.finding import Finding, Severity
from odh_nim.manifests.yaml import dump_yaml

_OPENSHIFT_NOTE = Finding(
    Severity.NOTICE,
    "pull-secret",
    f"Secret/{names.GLOBAL_PULL_SECRET}",
    "Mirrors are asked with the cluster's own pull secret; those of projects do not count.",
    "Add the mirror's login with `odh-nim airgap pull-secret`.",
)


@dataclass(frozen=True)
class ResourceRequest:
    """What the files are made from."""

    plan: Plan
    verified: Verified
    mirror: Mirror
    base: Catalog | None = None
    namespace: str | None = None
    digest_only: bool = False
    # The images are named in the mirror itself; no rule rewrites them.
    rename: bool = False
    collect_keys: bool = False
    ca: str | None = None
    profiles: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True)
class Resources:
    """The files by name, and what a person must know before applying them."""

    files: dict[str, str]
    findings: tuple[Finding, ...]


def build_resources(request: ResourceRequest) -> Resources:
    """Build every file.

    Raises:
        MirrorPlanError: Nothing was found in the mirror, or the options do not go together.

    """
    plan, mirror = request.plan, request.mirror
    catalog = build_mirror_catalog(
        plan,
        request.verified,
        base=request.base,
        namespace=request.namespace,
        mirror=mirror if request.rename else None,
        profiles=request.profiles,
    )
    config = nim_config(
        catalog=names.MIRROR_CATALOG,
        namespace=request.namespace,
        collect_keys=request.collect_keys,
    )
    files = {
        f"{names.MIRROR_CATALOG}.yaml": dump_yaml(catalog.manifest),
        "nim-config.yaml": dump_yaml(nim_config_map(config, request.namespace)),
        "dashboard-config.patch.yaml": dump_yaml(dashboard_patch(config, request.namespace)),
    }
    findings = list(catalog.findings)
    if not request.rename:
        sets = mirror_sets(plan, mirror, digest_only=request.digest_only)
        files["idms.yaml"] = dump_yaml(sets[0])
        if len(sets) > 1:
            files["itms.yaml"] = dump_yaml(sets[1])
            findings.append(
                Finding(
                    Severity.WARNING,
                    "nodes-drain",
                    f"ImageTagMirrorSet/{names.MIRROR_SET}",
                    DRAIN_WARNING,
                )
            )
        files["kyverno.yaml"] = dump_yaml(kyverno_policy(plan, mirror))
        files |= hosts_files(plan, mirror, ca=request.ca)
        findings.append(_OPENSHIFT_NOTE)
    return Resources(dict(sorted(files.items())), tuple(findings))


def write_resources(resources: Resources, folder: Path) -> list[Path]:
    """Write the files, each whole or not at all."""
    written = []
    for name, text in resources.files.items():
        write_file(folder / name, text.encode())
        written.append(folder / name)
    return written
