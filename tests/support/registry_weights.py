"""A filled cache of a NIM, for tests."""

from dataclasses import replace
from pathlib import Path

from odh_nim.airgap.plan import ModelFacts, Plan


def make_cache(root: Path) -> None:
    """Make a cache in the form of the Hugging Face hub: snapshots point to blobs."""
    blobs = root / "ngc/hub/models--nim--meta--llama/blobs"
    snapshot = root / "ngc/hub/models--nim--meta--llama/snapshots/tp1"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / "aa").write_bytes(b"weights" * 20_000)
    (blobs / "bb").write_bytes(b"{}")
    (blobs / "aa").chmod(0o640)
    (snapshot / "model.safetensors").symlink_to("../../blobs/aa")
    (snapshot / "config.json").symlink_to("../../blobs/bb")


def with_weights(plan: Plan, folder: str) -> Plan:
    """Give the first image of a plan weights from a folder."""
    model = ModelFacts("m0", profiles=("tp1",), weights=folder)
    return replace(plan, images=(replace(plan.images[0], model=model), *plan.images[1:]))
