"""A project's key: check it with NVIDIA, store it in two Secrets, say what is stored."""

from odh_nim.keys.check import (
    CheckedKey,
    KeyCheck,
    KeyState,
    check_key,
    check_key_for_images,
    pull_findings,
)
from odh_nim.keys.pair import ForeignSecret, KeySecretsState, PairKind
from odh_nim.keys.pending import find_pending
from odh_nim.keys.read import (
    StoredPair,
    absent_pair,
    get_secret,
    read_key_state,
    read_stored_key,
)
from odh_nim.keys.remove import RemovePlan, plan_remove, remove_key
from odh_nim.keys.rights import check_rights
from odh_nim.keys.rotate import (
    Rotation,
    begin_rotation,
    complete_rotation,
    go_back,
    store_rotation,
)
from odh_nim.keys.rotated import Rotated
from odh_nim.keys.show import KeyReport, describe_key
from odh_nim.keys.store import Change, StoredKey, store_project_key
from odh_nim.keys.users import KeyUser, Users, find_users

__all__ = [
    "Change",
    "CheckedKey",
    "ForeignSecret",
    "KeyCheck",
    "KeyReport",
    "KeySecretsState",
    "KeyState",
    "KeyUser",
    "PairKind",
    "RemovePlan",
    "Rotated",
    "Rotation",
    "StoredKey",
    "StoredPair",
    "Users",
    "absent_pair",
    "begin_rotation",
    "check_key",
    "check_key_for_images",
    "check_rights",
    "complete_rotation",
    "describe_key",
    "find_pending",
    "find_users",
    "get_secret",
    "go_back",
    "plan_remove",
    "pull_findings",
    "read_key_state",
    "read_stored_key",
    "remove_key",
    "store_project_key",
    "store_rotation",
]
