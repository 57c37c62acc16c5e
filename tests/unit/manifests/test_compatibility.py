"""What the stock dashboard, the model controller and KServe read, over every kind of deployment.

One table: a row is a statement about the manifests of one deployment. It holds for all of them,
and every row is shown to notice a mistake.
"""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from odh_nim.domain.manifest import Manifest
from support import rows_of_markers, rows_of_runtimes, rows_of_services
from support.expected import DASHBOARD, MANAGED
from support.plans import SPECS, Built, build

ROWS = [*rows_of_markers.ROWS, *rows_of_runtimes.ROWS, *rows_of_services.ROWS]
# Together they have every part that a row looks at.
REPRESENTATIVE = (
    "llm-auth-token",
    "llm-everything",
    "llm-exposed",
    "llm-hardware-profile",
    "retriever-grpc-2",
)


@cache
def built(scenario: str) -> Built:
    return build(SPECS[scenario])


@pytest.mark.parametrize("scenario", SPECS)
@pytest.mark.parametrize(("row", "holds"), ROWS, ids=[row for row, _ in ROWS])
def test_row_holds_for_every_deployment(
    row: str, holds: Callable[[Built], bool], scenario: str
) -> None:
    """UI-29, R-EXT-04, R-DEP-13, R-DEP-15, R-DEP-16, R-DEP-17, R-DEP-21, R-DEP-22, R-PROTO-03,
    R-PROTO-04, R-KEY-10, R-KEY-11, R-KEY-18."""
    assert holds(built(scenario)), row


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def mistakes(manifest: Manifest) -> Iterator[Manifest]:
    """Give the manifest without each of its parts, and with what must never be there."""
    for *parts, last in leaves(manifest):
        broken = copy.deepcopy(manifest)
        target: Any = broken
        for part in parts:
            target = target[part]
        del target[last]
        yield broken
    unwanted = [
        ("metadata", "labels", DASHBOARD, "true"),
        ("metadata", "labels", MANAGED, "true"),
        ("metadata", "annotations", "serving.kserve.io/stop", "true"),
        ("metadata", "annotations", "serving.kserve.io/deploymentMode", "Serverless"),
        ("metadata", "annotations", "opendatahub.io/connections", "x"),
        ("metadata", "annotations", "opendatahub.io/nim-support", "true"),
        ("metadata", "finalizers", "odh.inferenceservice.finalizers"),
    ]
    if manifest["kind"] == "InferenceService":
        unwanted += [("spec", "predictor", "timeout", "30")]
    if manifest["kind"] == "ServingRuntime":
        unwanted += [("spec", "containers", 0, "resources", "x")]  # type: ignore[list-item]  # a path has list indexes too
    for *parts, last, value in unwanted:
        broken = copy.deepcopy(manifest)
        target = broken
        for part in parts:
            target = target[part]
        target[last] = value
        yield broken


def notices(holds: Callable[[Built], bool], broken: Built) -> bool:
    try:
        return not holds(broken)
    except (KeyError, IndexError, AssertionError):
        return True


def test_every_row_notices_a_mistake() -> None:
    """R-EXT-04."""
    unnoticed = dict(ROWS)
    for scenario in REPRESENTATIVE:
        whole = built(scenario)
        for number, manifest in enumerate(whole.manifests):
            for broken in mistakes(manifest):
                manifests = [*whole.manifests]
                manifests[number] = broken
                mutant = Built(whole.spec, whole.family, manifests)
                for row, holds in list(unnoticed.items()):
                    if "kind" in broken and notices(holds, mutant):
                        del unnoticed[row]

    assert list(unnoticed) == []
