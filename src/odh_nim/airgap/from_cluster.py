"""What a cluster serves already, as a list of models: the start of its mirror."""

import asyncio
import json
from typing import Any, Final, Protocol

from odh_nim.airgap.model_list import with_docker_host
from odh_nim.domain import names
from odh_nim.domain.errors import ClusterError, InputError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import CONFIG_MAPS, SERVING_RUNTIMES, ApiResource
from odh_nim.manifests.yaml import dump_yaml

_NIM: Final = "nim/"
# Where KServe keeps its configuration: plain installations, and Open Data Hub's.
_KSERVE_NAMESPACES: Final = (names.KSERVE_NAMESPACE, *names.APPLICATIONS_NAMESPACES)
_HEADER: Final = "# Made by `odh-nim airgap plan --from-cluster`.\n"


class ServedCluster(Protocol):
    """The calls that looking at a cluster needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""


async def list_served(cluster: ServedCluster, namespace: str | None = None) -> "Served":
    """Read every NIM image in use, and KServe's agent.

    Raises:
        ClusterError: The ServingRuntimes cannot be listed.

    """
    runtimes, agent = await asyncio.gather(
        cluster.list(SERVING_RUNTIMES, namespace), find_agent(cluster)
    )
    tags: dict[str, set[str]] = {}
    others: set[str] = set()
    findings: list[Finding] = []
    for runtime in runtimes:
        for image in _images(runtime):
            _sort_in(image, runtime, tags, others, findings)
    if isinstance(agent, Finding):
        findings.append(agent)
    else:
        others.add(str(agent))
    return Served(tags, sorted(others), findings)


class Served:
    """The images of a cluster."""

    def __init__(
        self, tags: dict[str, set[str]], images: list[str], findings: list[Finding]
    ) -> None:
        self.tags = tags
        self.images = images
        self.findings = findings

    def render(self) -> str:
        """Write the list of models, sorted."""
        models = [
            {"model": repository.removeprefix(_NIM), "tags": sorted(tags)}
            for repository, tags in sorted(self.tags.items())
        ]
        document: dict[str, Any] = {"version": 1, "models": models, "images": self.images}
        return _HEADER + dump_yaml(document)


async def find_agent(cluster: ServedCluster) -> ImageReference | Finding:
    """Find the image of KServe's agent: it is put into every pod of a NIM."""
    for namespace in _KSERVE_NAMESPACES:
        try:
            found = await cluster.get(CONFIG_MAPS, names.KSERVE_CONFIG_MAP, namespace)
        except ClusterError:
            # Not there, or not for us; the next namespace may answer.
            continue
        try:
            agent = json.loads((found.get("data") or {}).get("agent", "{}"))
            return ImageReference.parse(with_docker_host(str(agent["image"])))
        except (ValueError, KeyError, TypeError, InputError):
            break
    return Finding(
        Severity.WARNING,
        "agent-unknown",
        f"ConfigMap/{names.KSERVE_CONFIG_MAP}",
        "The image of KServe's agent could not be read; it runs in every pod of a NIM.",
        "Add it to `images` of the list.",
    )


def _images(runtime: Manifest) -> list[str]:
    spec = runtime.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return [
        image
        for container in containers
        if isinstance(container, dict) and isinstance(image := container.get("image"), str)
    ]


def _sort_in(
    image: str,
    runtime: Manifest,
    tags: dict[str, set[str]],
    others: set[str],
    findings: list[Finding],
) -> None:
    try:
        reference = ImageReference.parse(image)
    except InputError as error:
        if names.REGISTRY in image:
            findings.append(
                Finding(Severity.WARNING, "image-unusable", describe(runtime), error.message)
            )
        return
    if not reference.repository.startswith(_NIM) or reference.registry != names.REGISTRY:
        # Images of other runtimes are not ours to mirror.
        return
    if reference.tag and not reference.digest:
        tags.setdefault(reference.repository, set()).add(reference.tag)
    else:
        others.add(str(reference))
