"""What is shown of one deployment, and of what an interrupted run left: R-UI-08, R-UI-09."""

from typing import Any

import pytest

from odh_nim.catalog import Catalog
from odh_nim.deployment import Phase, Status, StatusWord
from odh_nim.deployment.build_view import build_view
from odh_nim.deployment.structs_serving import Service
from odh_nim.domain import names
from odh_nim.domain.image import ImageReference
from odh_nim.domain.protocol import Protocol
from odh_nim.journeys.details import Details, Objects, as_yaml, phase_steps, restart_is_pending
from odh_nim.journeys.drafts import make_draft
from odh_nim.journeys.other_image import model_of_image
from odh_nim.manifests.yaml import load_all
from support.deployments import EMBED, LLAMA, plan
from support.keys import CANARY


def objects(**changes: Any) -> dict[str, Any]:
    made = {item["kind"]: item for item in plan(**changes).manifests}
    for item in made.values():
        item["metadata"] |= {"uid": "u", "managedFields": [], "resourceVersion": "7"}
    return made


def details(word: StatusWord, phase: Phase | None) -> Details:
    import msgspec  # noqa: PLC0415 - only here

    made = objects()
    service = made["InferenceService"]
    view = build_view(msgspec.convert(service, Service), None)
    status = Status(word, phase, "why", 0, 1)
    return Details(view, status, Objects(service, made["ServingRuntime"], [], None))


@pytest.mark.parametrize(
    ("word", "phase", "states"),
    [
        (StatusWord.STARTING, Phase.WEIGHTS, ["done", "done", "active", "waiting", "waiting"]),
        (StatusWord.FAILED, Phase.PULLING, ["done", "failed", "waiting", "waiting", "waiting"]),
        (StatusWord.READY, Phase.READY, ["done"] * 5),
        (StatusWord.STOPPED, None, ["waiting"] * 5),
    ],
)
def test_phases_before_the_present_one_are_done(
    word: StatusWord, phase: Phase | None, states: list[str]
) -> None:
    """R-DEP-23, UI-34."""
    steps = phase_steps(details(word, phase))

    assert [step.state for step in steps] == states
    assert [step.phase for step in steps] == list(Phase)


def test_the_yaml_can_be_applied_again_and_shows_no_secret() -> None:
    """R-KEY-15, UI-22."""
    from odh_nim.domain.deployment_spec import EnvVar  # noqa: PLC0415 - only here

    made = objects(env=(EnvVar("MY_TOKEN", CANARY), EnvVar("A", "b")))
    made["InferenceService"]["status"] = {"x": 1}
    text = as_yaml(Objects(made["InferenceService"], made["ServingRuntime"], [], None))

    assert CANARY not in text
    runtime, service = load_all(text)
    assert (runtime["kind"], service["kind"]) == ("ServingRuntime", "InferenceService")
    assert "status" not in service
    assert set(service["metadata"]) <= {"name", "namespace", "labels", "annotations"}
    env = service["spec"]["predictor"]["model"]["env"]
    assert {"name": "A", "value": "b"} in env


@pytest.mark.parametrize(
    ("created", "kept_before", "pending"),
    [
        ("2026-01-01T10:00:00Z", None, True),
        ("2026-01-01T12:00:00Z", None, False),
        # After a way back the old pods run with this very key.
        ("2026-01-01T10:00:00Z", "2026-01-01T10:30:00Z", False),
    ],
)
def test_a_pod_older_than_its_key_waits_for_a_restart(
    created: str, kept_before: str | None, *, pending: bool
) -> None:
    """R-ROT-04: the page tells what `keys show` tells."""
    pod = {"metadata": {"name": "p", "creationTimestamp": created}}
    marks = {names.KEY_ROTATED_AT: "2026-01-01T11:00:00Z", names.KEY_REVISION: "r2"}
    marks |= {names.KEY_KEPT_BEFORE: kept_before} if kept_before else {}
    key = {"metadata": {"annotations": marks}}

    assert restart_is_pending(Objects({}, None, [pod], key)) is pending
    assert not restart_is_pending(Objects({}, None, [pod], None))


def test_what_a_killed_run_left_fills_the_wizard_again() -> None:
    """R-DEP-08."""
    made = objects(model=EMBED, tag="1.6.0", protocol=Protocol.GRPC)
    catalog = Catalog((LLAMA, EMBED))
    draft = make_draft("llama", made["ServingRuntime"], made["PersistentVolumeClaim"], catalog)

    assert (draft.model, draft.tag, draft.protocol) == (EMBED.key, "1.6.0", Protocol.GRPC)
    assert (draft.claim, draft.size) == ("nim-pvc-llama", "50Gi")
    unknown = make_draft("llama", made["ServingRuntime"], None, None)
    assert (unknown.model, unknown.image) == (None, "nvcr.io/nim/nvidia/nv-embedqa-e5-v5:1.6.0")
    assert make_draft("llama", None, None, catalog).image is None


def test_an_image_in_no_catalogue_is_told_by_its_name() -> None:
    """R-UI-15."""
    known, tag = model_of_image(ImageReference.parse(str(LLAMA.image("1.8.5"))), Catalog((LLAMA,)))
    assert (known, tag) == (LLAMA, "1.8.5")
    newer, _ = model_of_image(ImageReference.parse(str(LLAMA.image("9.9"))), Catalog((LLAMA,)))
    assert (newer.family, newer.tags) == (LLAMA.family, ("9.9",))
    other, _ = model_of_image(ImageReference.parse("registry.local:5000/x/mine:1"), None)
    assert (other.registry, other.repository, other.key_required) == (
        "registry.local:5000", "x/mine", True,
    )  # fmt: skip
