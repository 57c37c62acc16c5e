"""The only code that talks to container registries."""

from odh_nim.registry.client import RegistryClient
from odh_nim.registry.distribution import Distribution
from odh_nim.registry.endpoint import Endpoint, Location, Trust
from odh_nim.registry.logins import Login, Logins
from odh_nim.registry.outcome import PullCheck, PullOutcome
from odh_nim.registry.patience import Patience
from odh_nim.registry.raw import RawManifest
from odh_nim.registry.store import RegistryStore

__all__ = [
    "Distribution",
    "Endpoint",
    "Location",
    "Login",
    "Logins",
    "Patience",
    "PullCheck",
    "PullOutcome",
    "RawManifest",
    "RegistryClient",
    "RegistryStore",
    "Trust",
]
