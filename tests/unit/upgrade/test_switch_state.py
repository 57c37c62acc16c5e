"""What `doctor` says about the operator's switch."""

import json
from typing import Any

import pytest

from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade.switch_state import find_switch_state, judge_switch
from support.upgrade_cluster import old_cluster

pytestmark = pytest.mark.anyio
FIELD: dict[str, Any] = {"f:spec": {"f:components": {"f:kserve": {"f:nim": {}}}}}


def dsc(kserve: Any = None, **metadata: Any) -> Manifest:
    components = {} if kserve is None else {"kserve": kserve}
    return {"metadata": {"name": "dsc", **metadata}, "spec": {"components": components}}


APPLIED = json.dumps(dsc({"nim": {"managementState": "Removed"}}))


@pytest.mark.parametrize(
    ("found", "has_field", "codes"),
    [
        (dsc({"nim": {"managementState": "Removed"}}), True, ["nim-removed"]),
        (dsc({"nim": {"managementState": "Managed"}}), True, ["nim-managed"]),
        (dsc({}), True, ["nim-managed"]),
        (dsc(), True, []),
        (dsc({}), False, []),
        (dsc({}, managedFields=[{"fieldsV1": FIELD}]), False, ["nim-field-still-written"]),
        (
            dsc({}, annotations={"kubectl.kubernetes.io/last-applied-configuration": APPLIED}),
            False,
            ["nim-field-still-written"],
        ),
    ],
)
def test_state_of_the_switch(found: Manifest, has_field: bool, codes: list[str]) -> None:  # noqa: FBT001
    """R-CLN-09."""
    assert [one.code for one in judge_switch(found, has_field=has_field)] == codes


@pytest.mark.parametrize(("state", "codes"), [("gen2b", ["nim-managed"]), ("gen1", [])])
async def test_state_is_read_from_the_cluster(state: str, codes: list[str]) -> None:
    """R-CLN-09."""
    found = await find_switch_state(old_cluster(state))

    assert [one.code for one in found] == codes
