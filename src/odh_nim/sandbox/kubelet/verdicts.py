"""What a kubelet looks up before it starts a container: the right to pull, and the configuration.

Every start asks again: images are not taken as present on a node, so that a key that stopped
working shows itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS, ApiResource
from odh_nim.sandbox.kubelet.behaviour import Behaviour
from odh_nim.sandbox.kubelet.cluster import KubeletCluster
from odh_nim.sandbox.kubelet.container import Event
from odh_nim.sandbox.kubelet.mirror_sets import MirrorSets
from odh_nim.sandbox.kubelet.pull import (
    ALLOWED,
    ImageJudge,
    judge_image,
    passwords_in,
    refusal_text,
    registry_of,
)
from odh_nim.sandbox.kubelet.references import fault_of, references, volume_references

_NOT_FOUND: Final = 404
_MISSING: Final = "FailedToRetrieveImagePullSecret"


@dataclass(frozen=True)
class Verdicts:
    """Looks things up for pods; `registries` are those that ask for a key."""

    cluster: KubeletCluster
    judge: ImageJudge
    registries: Sequence[str]
    mirrors: MirrorSets

    async def refusal(
        self, pod: Manifest, image: str, behaviour: Behaviour
    ) -> tuple[str, tuple[Event, ...]]:
        """Tell why an image may not be pulled, empty where it may; and what to say beside it."""
        if behaviour.pull_status is not None:
            ordered = behaviour.pull_status
            return ("" if ordered == ALLOWED else refusal_text(image, ordered)), ()
        mirrored = await self.mirrors.has(image)
        if mirrored is not None:
            return ("" if mirrored else refusal_text(image, _NOT_FOUND)), ()
        passwords: list[str] = []
        missing: list[str] = []
        namespace = pod["metadata"]["namespace"]
        for reference in pod["spec"].get("imagePullSecrets") or []:
            secret = await self._find(SECRETS, reference["name"], namespace)
            if secret is None:
                missing.append(reference["name"])
            else:
                passwords += passwords_in(secret, registry_of(image))
        refusal = await judge_image(image, passwords, self.judge, registries=self.registries)
        return refusal, tuple(_without(missing))

    async def fault(self, pod: Manifest, container: Manifest) -> str:
        """Tell what a container's configuration lacks; empty where nothing."""
        namespace = pod["metadata"]["namespace"]
        for reference in references(container):
            found = await self._find(reference.resource, reference.name, namespace)
            if fault := fault_of(reference, found, namespace):
                return fault
        return ""

    async def unmountable(self, pod: Manifest) -> Event | None:
        """Tell which volume of a pod cannot be mounted; None where all can."""
        namespace = pod["metadata"]["namespace"]
        for volume, reference in volume_references(pod):
            found = await self._find(reference.resource, reference.name, namespace)
            if fault := fault_of(reference, found, namespace):
                text = f'MountVolume.SetUp failed for volume "{volume}" : {fault}'
                return Event("FailedMount", text, warning=True)
        return None

    async def _find(self, resource: ApiResource, name: str, namespace: str) -> Manifest | None:
        try:
            return await self.cluster.get(resource, name, namespace)
        except NotFoundError:
            return None


def _without(names: Sequence[str]) -> Iterator[Event]:
    if names:
        text = (
            f"Unable to retrieve some image pull secrets ({', '.join(names)}); attempting to pull "
            "the image may not succeed."
        )
        yield Event(_MISSING, text, warning=True)
