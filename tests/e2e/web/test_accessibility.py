"""No violation of any rule, on any page, in any state, in light and dark, small and enlarged."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.browser import violations
from support.web_answers import (
    GOOD_KEY,
    REMAINDER,
    SPECIFICATION,
    answer,
    change,
    details,
    finding,
    hang,
    listing,
    problem,
    projects,
    row,
)

ONE = "/projects/team-a/deployments/llama"
OPEN = "/deployments/team-a/llama"
# A browser at 200 % of a window of 1280 has 640 points; a telephone has 320.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "telephone": {"viewport": {"width": 320, "height": 640}},
    "enlarged": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
}


def models(page: Page) -> None:
    page.goto("/models")
    expect(page.get_by_role("listitem").first).to_be_visible()


def models_found_nothing(page: Page) -> None:
    page.goto("/models?q=nothing-is-called-so")
    expect(page.get_by_text("No model fits")).to_be_visible()


def models_loading(page: Page) -> None:
    hang(page, "/models")
    page.goto("/models")
    expect(page.locator("[aria-busy=true]")).to_be_visible()


def models_failed(page: Page) -> None:
    answer(page, "/models", problem(422, "There is no catalogue.", "Apply it."), status=422)
    page.goto("/models")
    expect(page.get_by_text("There is no catalogue.")).to_be_visible()


def models_marked(page: Page) -> None:
    def edit(body: dict[str, Any]) -> None:
        body["items"][0].update(euRestricted=True, multinode=True, weightsBytes=10**10)
        body["broken"] = [{"key": "bad", "reason": "no tags"}]
        body["findings"] = [finding("warning", "The catalogue is old.")]

    change(page, "/models", edit)
    page.goto("/models")
    expect(page.get_by_text("Not offered in the EU").first).to_be_visible()


def model(page: Page) -> None:
    page.goto("/models/llama-3.1-8b-instruct")
    expect(page.get_by_role("grid")).to_be_visible()


def model_unknown(page: Page) -> None:
    page.goto("/models/nothing")
    expect(page.get_by_text("The catalogue has no such model")).to_be_visible()


def deployments(page: Page) -> None:
    rows = [
        row("llama", externalUrl="https://llama.example.com"),
        row("embed", status="Starting", phase="pulling image", protocol="grpc", replicas=2),
        row("broken", status="Failed", message="No GPU is free."),
        row("off", status="Stopped", stopped=True),
        row("going", status="Deleting"),
        row("strange", status="Unknown", managedBy="NIMService"),
    ]
    left = [{"project": "team-a", "name": "weights"}]
    errors = [{"project": "team-b", "message": "You may not list it."}]
    answer(
        page,
        "/deployments",
        listing(rows, incomplete=[REMAINDER], orphanClaims=left, errors=errors),
    )
    page.goto("/deployments")
    expect(page.get_by_role("grid")).to_be_visible()


def deployments_empty(page: Page) -> None:
    answer(page, "/deployments", listing([]))
    page.goto("/deployments")
    expect(page.get_by_text("Nothing is deployed yet")).to_be_visible()


def deployments_forbidden(page: Page) -> None:
    answer(page, "/deployments", problem(403, "You may not list them."), status=403)
    page.goto("/deployments")
    expect(page.get_by_text("You may not see this")).to_be_visible()


def login_ended(page: Page) -> None:
    answer(page, "/deployments", problem(401, "You are not logged in."), status=401)
    page.goto("/deployments")
    expect(page.get_by_text("What you have filled in here is kept.")).to_be_visible()


def deleting(page: Page) -> None:
    deployments(page)
    what = {
        "objects": [{"kind": "InferenceService", "name": "llama"}],
        "kept": [{"kind": "Secret", "name": "nvidia-nim-secrets", "reason": "the project's"}],
        "claim": "llama-weights",
        "claimUsers": [],
        "findings": [finding("notice", "It serves requests.")],
    }
    answer(page, f"{ONE}/deletion", what)
    page.get_by_role("button", name="Actions of llama").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("InferenceService/llama")


def show(page: Page, tab: str) -> None:
    answer(page, ONE, details("llama"))
    hang(page, f"{ONE}/status")
    events = [
        {"time": "2026-08-01T00:00:00Z", "type": kind, "reason": "Why", "object": "Pod/x",
         "message": "What happened.", "count": 3}
        for kind in ("Warning", "Normal")
    ]  # fmt: skip
    containers = [
        {"pod": "llama-1", "container": "kserve-container", "current": True, "previous": True}
    ]
    answer(page, f"{ONE}/events", {"items": events})
    answer(page, f"{ONE}/containers", {"items": containers})
    lines = "".join(
        f'data: {{"type": "line", "line": "line {i} {"x" * 200}"}}\n\n' for i in range(99)
    )
    page.route(
        f"**/api/v1{ONE}/logs*",
        lambda route: route.fulfill(content_type="text/event-stream", body=lines),
    )
    page.goto(f"{OPEN}?tab={tab}")


def overview(page: Page) -> None:
    show(page, "overview")
    expect(page.get_by_text("NVIDIA's registry does not accept the key.")).to_be_visible()


def endpoints(page: Page) -> None:
    show(page, "endpoints")
    expect(page.get_by_role("region", name="curl", exact=True)).to_be_visible()


def events(page: Page) -> None:
    show(page, "events")
    expect(page.get_by_role("grid", name="Events")).to_be_visible()


def logs(page: Page) -> None:
    show(page, "logs")
    expect(page.get_by_role("log")).to_contain_text("line 98")


def yaml(page: Page) -> None:
    show(page, "yaml")
    expect(page.get_by_role("region", name="YAML")).to_be_visible()


def changing(page: Page) -> None:
    answer(page, f"{ONE}/specification", SPECIFICATION)
    plan = {
        "base": SPECIFICATION["base"],
        "diff": "-  cpu: 2\n+  cpu: 3\n",
        "restarts": True,
        "objects": [],
        "findings": [finding("warning", "The volume grows.")],
    }
    answer(page, f"{ONE}/changes/plan", plan)
    page.goto(f"{OPEN}/edit")
    page.get_by_label("CPU").fill("3")
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_role("region", name="difference")).to_be_visible()


def deployment_gone(page: Page) -> None:
    page.goto("/deployments/team-a/never-was")
    expect(page.get_by_text("It is not there")).to_be_visible()


def wizard_model(page: Page) -> None:
    page.goto("/deploy?model=llama-3.1-8b-instruct")
    expect(page.get_by_label("Tag of")).to_be_visible()


def wizard_nothing_chosen(page: Page) -> None:
    page.goto("/deploy")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("Choose a model.")).to_be_visible()


def wizard_project(page: Page) -> None:
    projects(page, "team-a", "team-b")
    page.goto("/deploy?model=llama-3.1-8b-instruct")
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("Choose a project.")).to_be_visible()


def wizard_key(page: Page) -> None:
    page.goto("/deploy?model=llama-3.1-8b-instruct&project=team-a")
    page.get_by_role("button", name="Next", exact=True).click()
    page.locator("#key-own").check()
    page.locator("#api-key").fill("sk-not-a-key")
    page.get_by_role("button", name="Check key").click()
    expect(page.locator("#api-key")).to_have_attribute("aria-invalid", "true")


def accept_keys(page: Page) -> None:
    answer(page, "/key-checks", GOOD_KEY)


def wizard_at(page: Page, steps: int) -> None:
    accept_keys(page)
    page.goto("/deploy?model=nv-embedqa-e5-v5&project=team-a")
    page.get_by_role("button", name="Next", exact=True).click()
    page.locator("#key-own").check()
    page.locator("#api-key").fill("nvapi-0123456789abcdefghij")
    page.get_by_role("button", name="Check key").click()
    expect(page.get_by_text("NVIDIA accepts the key")).to_be_visible()
    for _ in range(steps):
        page.get_by_role("button", name="Next", exact=True).click()


def wizard_resources(page: Page) -> None:
    node = {"name": "gpu-1", "product": "H100", "memoryGib": 80, "allocatable": 1, "free": 0}
    full = {"known": True, "free": 0, "nodes": [{**node, "reason": "in use"}]}
    change(page, "/projects/team-a/hardware", lambda body: body.update(gpus=full))
    wizard_at(page, 1)
    expect(page.get_by_label("Storage class")).to_be_visible()
    page.locator("#memory").fill("lots")
    page.get_by_role("button", name="Add a node label").click()
    page.get_by_role("button", name="GPUs by node").click()
    expect(page.get_by_role("grid", name="GPUs by node")).to_be_visible()


def wizard_access(page: Page) -> None:
    wizard_at(page, 2)
    page.get_by_label("Only with a token").check()
    page.get_by_role("button", name="Add a token").click()
    page.get_by_role("button", name="Add a variable").click()
    page.get_by_label("Source of variable 1").select_option("secret")


def wizard_review(page: Page) -> None:
    wizard_at(page, 3)
    page.get_by_role("button", name="YAML, without the key").click(timeout=60_000)
    page.get_by_role("button", name="The same as a command").click()


def key(page: Page) -> None:
    page.goto("/key?project=team-a")
    page.get_by_role("button", name="Add a key").click()
    expect(page.locator("#api-key")).to_be_visible()


def key_stored(page: Page) -> None:
    def edit(body: dict[str, Any]) -> None:
        body.update(kind="ours", expires="2020-01-01", since="2026-08-01T00:00:00Z")
        body["users"] = [{"name": "llama", "displayName": "Llama", "stopped": True}]

    change(page, "/projects/team-a/key", edit)
    page.goto("/key?project=team-a")
    page.get_by_role("button", name="Remove the key").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def no_project_chosen(page: Page) -> None:
    page.goto("/key")
    expect(page.get_by_role("heading", name="Choose a project")).to_be_visible()


def admin(page: Page) -> None:
    page.goto("/admin")
    expect(page.get_by_role("heading", name="Prerequisites")).to_be_visible()


def no_such_page(page: Page) -> None:
    page.goto("/nowhere")
    expect(page.get_by_text("There is no such page")).to_be_visible()


STATES = (
    models, models_found_nothing, models_loading, models_failed, models_marked, model,
    model_unknown, deployments, deployments_empty, deployments_forbidden, login_ended, deleting,
    overview, endpoints, events, logs, yaml, changing, deployment_gone, wizard_model,
    wizard_nothing_chosen, wizard_project, wizard_key, wizard_resources, wizard_access,
    wizard_review, key, key_stored, no_project_chosen, admin, no_such_page,
)  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_in_any_state_breaks_a_rule_of_accessibility(
    look: str, open_page: Callable[..., Page]
) -> None:
    """R-UI-14; UI-03, UI-40."""
    page = open_page(bypass_csp=True, reduced_motion="reduce", **LOOKS[look])
    found: list[str] = []
    for state in STATES:
        page.unroute_all(behavior="ignoreErrors")
        page.goto("/nowhere")
        page.evaluate("() => sessionStorage.clear()")
        state(page)
        found += [f"{state.__name__}: {violation}" for violation in violations(page)]
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"{state.__name__}: {wide} points too wide")
    assert found == []
