"""The only code that talks to NVIDIA's API."""

from odh_nim.ngc.answers import Architecture, CallerInfo, Listing, Missing, ModelDetails, Resource
from odh_nim.ngc.client import NgcClient
from odh_nim.ngc.transport import Timeouts

__all__ = [
    "Architecture",
    "CallerInfo",
    "Listing",
    "Missing",
    "ModelDetails",
    "NgcClient",
    "Resource",
    "Timeouts",
]
