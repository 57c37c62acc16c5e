"""A stand-in of NVIDIA's API and registry: dummy keys, seeded models, faults on order."""

from odh_nim.sandbox.nvidia.control import (
    change,
    clear_journal,
    preset,
    read_journal,
    read_state,
    reset,
    set_fault,
)
from odh_nim.sandbox.nvidia.dummy_keys import DUMMY_KEYS, DummyKey, dummy_key
from odh_nim.sandbox.nvidia.seeds import SeedModel, read_seed
from odh_nim.sandbox.nvidia.service import NvidiaStandIn
from odh_nim.sandbox.nvidia.state import Fault, JournalEntry

__all__ = [
    "DUMMY_KEYS",
    "DummyKey",
    "Fault",
    "JournalEntry",
    "NvidiaStandIn",
    "SeedModel",
    "change",
    "clear_journal",
    "dummy_key",
    "preset",
    "read_journal",
    "read_seed",
    "read_state",
    "reset",
    "set_fault",
]
