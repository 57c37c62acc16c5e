"""What a fresh sandbox holds before anybody does anything: kinds, projects, users, storage."""

from odh_nim.sandbox.seed.kserve import kserve_manifests
from odh_nim.sandbox.seed.manifests import Variant, crd_manifests, seed_manifests

__all__ = ["Variant", "crd_manifests", "kserve_manifests", "seed_manifests"]
