"""The only code that talks to container registries."""

from odh_nim.registry.client import RegistryClient
from odh_nim.registry.outcome import PullCheck, PullOutcome

__all__ = ["PullCheck", "PullOutcome", "RegistryClient"]
