"""How a cluster finds the mirror: mirror sets on OpenShift, hosts.toml or a policy elsewhere."""

from dataclasses import dataclass
from typing import Any, Final

from odh_nim.airgap.plan import Plan
from odh_nim.domain import names
from odh_nim.domain.errors import MirrorPlanError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import IMAGE_DIGEST_MIRROR_SETS, IMAGE_TAG_MIRROR_SETS, ApiResource

DRAIN_WARNING: Final = (
    "Applying the ImageTagMirrorSet drains every node of the pool, one after another: each served "
    "model is evicted once. Changing or removing an entry later drains again. Mirrors by digest "
    "alone do not drain (--digest-only)."
)


@dataclass(frozen=True)
class Mirror:
    """A mirror: `host[:port]` with a prefix, and whether its sources may still be asked."""

    host: str
    prefix: str = ""
    plain: bool = False
    never_contact_source: bool = False

    def path(self, below: str) -> str:
        """Name a path in the mirror."""
        return "/".join(part for part in (self.host, self.prefix, below) if part)


@dataclass(frozen=True, order=True)
class SourcePath:
    """A path of a registry that is mirrored as a whole: `nvcr.io` with `nim`."""

    registry: str
    path: str

    @property
    def name(self) -> str:
        """As mirror sets write it."""
        return f"{self.registry}/{self.path}" if self.path else self.registry


def sources_of(plan: Plan) -> list[SourcePath]:
    """Find the paths to mirror, as exact as they can be without naming every image.

    `nvcr.io/nim`, not `nvcr.io`: other software of NVIDIA keeps its own rules.
    """
    return sorted({_source(image.reference.registry, image.repository) for image in plan.images})


def _source(registry: str, repository: str) -> SourcePath:
    first, slash, _ = repository.partition("/")
    return SourcePath(registry, first if slash else repository)


def mirror_sets(plan: Plan, mirror: Mirror, *, digest_only: bool = False) -> list[Manifest]:
    """Build the ImageDigestMirrorSet and the ImageTagMirrorSet, one each.

    Both, because NIM images are tags and what resolves them elsewhere asks by digest.

    Raises:
        MirrorPlanError: With digests alone something could not be pulled.

    """
    if digest_only:
        _check_digest_only(plan, mirror)
    entries = [_entry(source, mirror) for source in sources_of(plan)]
    digests = _manifest(IMAGE_DIGEST_MIRROR_SETS, "imageDigestMirrors", entries)
    if digest_only:
        return [digests]
    return [digests, _manifest(IMAGE_TAG_MIRROR_SETS, "imageTagMirrors", entries)]


def _check_digest_only(plan: Plan, mirror: Mirror) -> None:
    problems = [
        f"{image.name} is pulled by its tag." for image in plan.images if image.model is None
        and image.reference.digest is None
    ]  # fmt: skip
    if mirror.never_contact_source:
        problems.append(
            "--never-contact-source closes the way for tags, and there would be no mirror for them."
        )
    if problems:
        raise MirrorPlanError(
            "--digest-only", problems, remedy="Leave it out, or name these images by digest."
        )


def _entry(source: SourcePath, mirror: Mirror) -> dict[str, Any]:
    entry: dict[str, Any] = {"source": source.name, "mirrors": [mirror.path(source.path)]}
    if mirror.never_contact_source:
        entry["mirrorSourcePolicy"] = "NeverContactSource"
    return entry


def _manifest(resource: ApiResource, field: str, entries: list[dict[str, Any]]) -> Manifest:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": names.MIRROR_SET,
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "spec": {field: entries},
    }


# ── containerd ──────────────────────────────────────────────────────────────────────────────────
def hosts_files(plan: Plan, mirror: Mirror, *, ca: str | None = None) -> dict[str, str]:
    """Write `certs.d/<registry>/hosts.toml` for every source; containerd has no finer rule.

    Its mirrors are asked without the pull secrets of projects.
    """
    registries = sorted({image.reference.registry for image in plan.images})
    return {f"certs.d/{each}/hosts.toml": _hosts(each, mirror, ca) for each in registries}


def _hosts(registry: str, mirror: Mirror, ca: str | None) -> str:
    scheme = "http" if mirror.plain else "https"
    address = f"{scheme}://{mirror.host}"
    root = f"{address}/v2/{mirror.prefix}" if mirror.prefix else address
    server = root if mirror.never_contact_source else f"https://{_api_host(registry)}"
    lines = [f"server = {_toml(server)}", "", f"[host.{_toml(root)}]"]
    lines.append('  capabilities = ["pull", "resolve"]')
    if mirror.prefix:
        # The address is the whole root of the API, the prefix included.
        lines.append("  override_path = true")
    if ca:
        lines.append(f"  ca = {_toml(ca)}")
    return "\n".join(lines) + "\n"


def _api_host(registry: str) -> str:
    return "registry-1.docker.io" if registry == "docker.io" else registry


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ── Kyverno ─────────────────────────────────────────────────────────────────────────────────────
def kyverno_policy(plan: Plan, mirror: Mirror) -> Manifest:
    """Build a policy that rewrites the images of pods; project pull secrets work with it.

    Plain expressions on the text only: what looks an image up would need the network.
    """
    rules = [
        _kyverno_rule(source, mirror, field)
        for source in sources_of(plan)
        for field in ("containers", "initContainers")
    ]
    return {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {
            "name": names.MIRROR_SET,
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
            "annotations": {"pod-policies.kyverno.io/autogen-controllers": "none"},
        },
        "spec": {"background": False, "rules": rules},
    }


def _prefix_pattern(source: SourcePath) -> str:
    name = source.name.replace(".", "[.]")
    if source.registry == "docker.io" and source.path:
        # A pod may leave Docker's host out: `kserve/agent:v0.17.0`.
        return f"(docker[.]io/)?{source.path.replace('.', '[.]')}"
    return name


def _kyverno_rule(source: SourcePath, mirror: Mirror, field: str) -> dict[str, Any]:
    pattern = f"^{_prefix_pattern(source)}/"
    words = "-".join(source.name.replace(".", "-").replace(":", "-").split("/"))
    replaced = (
        "{{ regex_replace_all_literal('"
        + pattern
        + "', '{{element.image}}', '"
        + f"{mirror.path(source.path)}/"
        + "') }}"
    )
    return {
        "name": f"{words}-{'init' if field == 'initContainers' else 'main'}"[-63:].strip("-"),
        "match": {"any": [{"resources": {"kinds": ["Pod"], "operations": ["CREATE", "UPDATE"]}}]},
        "mutate": {
            "foreach": [
                {
                    "list": f"request.object.spec.{field}",
                    "patchStrategicMerge": {
                        "spec": {field: [{"(name)": "{{ element.name }}", "image": replaced}]}
                    },
                }
            ]
        },
    }
