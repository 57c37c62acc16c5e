"""The whole way of a person: choose, key, review, deploy, watch, stop, start, delete."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from odh_nim.domain import names
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    SERVING_RUNTIMES,
)
from odh_nim.sandbox.testing import ControlPlane
from support.browser import elsewhere
from support.web_cluster import cpu_of, names_of

MODEL = "llama-3.1-8b-instruct"
NAME = "llama-3-1-8b-instruct"


def next_step(page: Page, step: str) -> None:
    page.get_by_role("button", name="Next", exact=True).click()
    current = page.get_by_label("Steps of the deployment").locator("[aria-current=step]")
    expect(current).to_contain_text(step)


def enter_key(page: Page, key: str) -> None:
    page.locator("#api-key").fill(key)
    page.get_by_role("button", name="Check key").click()


def fill_until_review(page: Page, plane: ControlPlane, project: str) -> None:
    page.goto(f"/deploy?model={MODEL}&project={project}")
    next_step(page, "Project and key")
    page.get_by_label("Display name").fill("My llama")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("The project has no key yet. Enter one and check it.")).to_be_visible()
    enter_key(page, plane.key_file("refused").read_text())
    expect(page.locator("#api-key")).to_be_focused()
    expect(page.get_by_label("Display name")).to_have_value("My llama")
    expect(page.get_by_label("Name of the deployment")).to_have_value(NAME)
    enter_key(page, plane.key_file("good").read_text())
    expect(page.get_by_text("NVIDIA accepts the key")).to_be_visible()
    next_step(page, "Resources and storage")
    next_step(page, "Protocol and access")
    next_step(page, "Review")


def test_person_deploys_watches_stops_starts_changes_and_deletes(
    control_plane: ControlPlane, project: str, open_page: Callable[..., Page]
) -> None:
    """S10, R-TST-05, R-UI-01, R-UI-04, R-UI-07, R-UI-08, R-UI-09, R-DEP-25, R-DEP-26; UI-09."""
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    key = control_plane.key_file("good").read_text().strip()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    fill_until_review(page, control_plane, project)
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_be_enabled()
    assert elsewhere(lambda: names_of(control_plane, INFERENCE_SERVICES, project)) == []
    page.get_by_role("button", name="YAML, without the key").click()
    assert "REDACTED" in page.get_by_role("region", name="YAML", exact=True).inner_text()
    assert key not in page.content()
    kept = page.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage)")
    assert "My llama" in kept
    assert "nvapi-" not in kept

    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text(f"{NAME} was made")).to_be_visible()
    page.get_by_role("link", name="Open the deployment").click()
    status = page.locator("main .pf-v6-c-label").first
    expect(status).to_have_text("Ready", timeout=120_000)
    assert elsewhere(lambda: names_of(control_plane, INFERENCE_SERVICES, project)) == [NAME]
    assert elsewhere(lambda: names_of(control_plane, SERVING_RUNTIMES, project)) == [NAME]
    assert names.KEY_SECRET in elsewhere(lambda: names_of(control_plane, SECRETS, project))

    page.get_by_role("tab", name="Endpoints").click()
    page.get_by_role("button", name="Copy the internal http endpoint").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"http://{NAME}-predictor.{project}.svc")
    expect(page.get_by_role("region", name="curl", exact=True)).to_contain_text(
        "meta/llama-3.1-8b-instruct"
    )

    page.get_by_role("tab", name="Overview").click()
    page.get_by_role("button", name="Stop").click()
    expect(status).to_have_text("Stopped", timeout=90_000)
    page.get_by_role("button", name="Start").click()
    expect(status).to_have_text("Ready", timeout=120_000)

    page.get_by_role("button", name="Change").click()
    page.get_by_label("CPU").fill("3")
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_role("region", name="difference")).to_contain_text("cpu")
    page.get_by_role("button", name="Save the change").click()
    expect(status).to_have_text("Ready", timeout=120_000)
    assert elsewhere(lambda: cpu_of(control_plane, NAME, project)) == "3"

    page.get_by_role("button", name="Delete").click()
    modal = page.get_by_role("dialog")
    expect(modal).to_contain_text(f"InferenceService/{NAME}")
    expect(modal.get_by_role("checkbox")).not_to_be_checked()
    modal.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/deployments$"))
    assert elsewhere(lambda: names_of(control_plane, INFERENCE_SERVICES, project)) == []
    assert elsewhere(lambda: names_of(control_plane, SERVING_RUNTIMES, project)) == []
    assert len(elsewhere(lambda: names_of(control_plane, PERSISTENT_VOLUME_CLAIMS, project))) == 1
    assert [url for url in requests if key in url] == []
