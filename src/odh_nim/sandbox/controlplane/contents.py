"""What is loaded into a sandbox, in stages that are loaded again only when they changed."""

from collections.abc import Mapping
from typing import Final

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.controlplane.facts import digest_of, digest_of_files
from odh_nim.sandbox.controlplane.load import Cluster, load_kinds, load_objects, wait_for_roles
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.seed import Variant, crd_manifests, kserve_manifests, seed_manifests
from odh_nim.sandbox.shipped import shipped_manifests

KINDS: Final = "kinds"
SEED: Final = "seed"
SHIPPED: Final = "shipped"
# Done once and copied from then on; what we ship changes more often and is loaded quickly.
PREPARED: Final = (KINDS, SEED)
_WEBHOOKS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


class Contents:
    """The manifests of a variant."""

    def __init__(self, programs: Programs, variant: Variant, crd_set: str) -> None:
        self._programs = programs
        self._variant = variant
        self._crd_set = crd_set
        self._own_kinds = crd_manifests(variant)
        self._objects = {
            SEED: seed_manifests(variant) + _settings_of_kserve(variant),
            SHIPPED: shipped_manifests(variant),
        }

    def digests(self) -> dict[str, str]:
        """Give the digest of each stage, in the order in which they are loaded."""
        kserve = digest_of_files(self._programs.crd_files(self._crd_set))
        kinds = {KINDS: f"{kserve}-{digest_of(self._own_kinds)}"}
        return kinds | {stage: digest_of(objects) for stage, objects in self._objects.items()}

    async def load(self, cluster: Cluster, loaded: Mapping[str, str]) -> dict[str, str]:
        """Load the stages that are not loaded yet or have changed; give all digests.

        Raises:
            SandboxError: The API server does not accept something.

        """
        digests = self.digests()
        if digests[KINDS] != loaded.get(KINDS):
            await load_kinds(cluster, self._programs.crds(self._crd_set) + self._own_kinds)
        for stage, objects in self._objects.items():
            if digests[stage] != loaded.get(stage):
                await load_objects(cluster, objects)
        return digests

    async def load_prepared(self, cluster: Cluster) -> dict[str, str]:
        """Load the slow stages into an empty control plane; give their digests."""
        await load_kinds(cluster, self._programs.crds(self._crd_set) + self._own_kinds)
        await load_objects(cluster, self._objects[SEED])
        await wait_for_roles(cluster)
        return {stage: digest for stage, digest in self.digests().items() if stage in PREPARED}


def webhooks_of_kserve(*, port: int, ca_pem: bytes, variant: Variant) -> list[Manifest]:
    """Give KServe's webhooks at the port of this run."""
    manifests = kserve_manifests(webhook_port=port, ca_pem=ca_pem, variant=variant)
    return [manifest for manifest in manifests if manifest["kind"] in _WEBHOOKS]


def _settings_of_kserve(variant: Variant) -> list[Manifest]:
    manifests = kserve_manifests(webhook_port=0, ca_pem=b"", variant=variant)
    return [manifest for manifest in manifests if manifest["kind"] not in _WEBHOOKS]
