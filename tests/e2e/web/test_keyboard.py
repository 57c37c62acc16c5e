"""The page without a pointer: every step is reached, and the focus is where one goes on."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from odh_nim.sandbox.testing import ControlPlane
from support.web_answers import GOOD_KEY, answer, projects


def tab_to(page: Page, wanted: Locator, *, most: int = 120) -> None:
    """Press Tab until something has the focus."""
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    message = f"{most} times Tab do not reach it"
    raise AssertionError(message)


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def test_wizard_is_filled_in_by_keyboard_alone(
    control_plane: ControlPlane, open_page: Callable[..., Page]
) -> None:
    """R-UI-14; UI-40."""
    page = open_page()
    projects(page, "team-a", "team-b")
    page.goto("/models/llama-3.1-8b-instruct")
    expect(page.get_by_role("grid")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    press(page, page.get_by_role("main").get_by_role("link", name="Deploy", exact=True))
    expect(page.get_by_label("Tag of")).to_be_visible()

    following = page.get_by_role("button", name="Next", exact=True)
    press(page, following)
    press(page, following)
    expect(page.get_by_role("combobox", name="Project")).to_be_focused()
    page.keyboard.type("team-a")
    expect(page.get_by_role("combobox", name="Project")).to_have_value("team-a")
    tab_to(page, page.locator("#key-project"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.locator("#api-key"))
    page.keyboard.type(control_plane.key_file("good").read_text().strip())
    page.keyboard.press("Enter")
    expect(page.get_by_text("NVIDIA accepts the key")).to_be_visible()
    for step in ("Storage class", "Only with a token", "The same as a command"):
        press(page, following)
        expect(page.get_by_text(step).first).to_be_visible()
    deploy = page.get_by_role("button", name="Deploy", exact=True)
    expect(deploy).to_be_enabled()
    tab_to(page, deploy)


def test_focus_goes_to_the_heading_of_a_new_page(open_page: Callable[..., Page]) -> None:
    """R-UI-14."""
    page = open_page()
    page.goto("/models")
    expect(page.get_by_role("listitem").first).to_be_visible()

    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Project key").click()

    expect(page.get_by_role("heading", name="Project key")).to_be_focused()
    assert page.title() == "Project key · NVIDIA NIM models"


def test_form_is_kept_over_a_reload_and_the_key_is_not(open_page: Callable[..., Page]) -> None:
    """S10, R-UI-12."""
    page = open_page()
    answer(page, "/key-checks", GOOD_KEY)
    page.goto("/deploy?model=llama-3.1-8b-instruct&project=team-a")
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_label("Display name").fill("Kept over a reload")
    page.locator("#key-own").check()
    page.locator("#api-key").fill("nvapi-0123456789abcdefghij")

    page.reload()

    expect(page.get_by_label("Display name")).to_have_value("Kept over a reload")
    expect(page.locator("#api-key")).to_have_value("")
    assert "nvapi-0" not in page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    assert "nvapi-0" not in page.url


def test_dark_mode_is_remembered(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/models")
    dark = page.locator("html.pf-v6-theme-dark")
    expect(dark).to_have_count(0)

    page.get_by_text("Dark", exact=True).click()
    page.reload()

    expect(dark).to_have_count(1)
