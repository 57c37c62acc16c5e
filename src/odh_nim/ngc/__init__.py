"""The only code that talks to NVIDIA's API."""

from odh_nim.ngc.answers import (
    Architecture,
    CallerInfo,
    Listing,
    Metadata,
    Missing,
    ModelDetails,
    NimFacts,
    Profile,
    Resource,
)
from odh_nim.ngc.client import NgcClient
from odh_nim.ngc.pace import Pace
from odh_nim.ngc.transport import Timeouts

__all__ = [
    "Architecture",
    "CallerInfo",
    "Listing",
    "Metadata",
    "Missing",
    "ModelDetails",
    "NgcClient",
    "NimFacts",
    "Pace",
    "Profile",
    "Resource",
    "Timeouts",
]
