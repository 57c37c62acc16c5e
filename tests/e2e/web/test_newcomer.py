"""`odh-nim sandbox up`, its last line opened in a browser, and nothing read but the page."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from odh_nim.settings import Settings
from support.browser import PATIENCE_MS, build_page, watch_faults

Run = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Run]:
    """Run commands on a sandbox of a person's own, that is down at the end."""
    cache = Settings.from_environment(os.environ).cache_home
    places = {"ODH_NIM_SANDBOX_HOME": str(tmp_path / "box"), "ODH_NIM_CACHE_HOME": str(cache)}

    def run(*arguments: str) -> str:
        answer = subprocess.run(
            [sys.executable, "-m", "odh_nim", "sandbox", *arguments],
            env=os.environ | places,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    yield run
    run("down")


def test_newcomer_deploys_a_model_with_the_address_that_up_ends_with(
    command: Run, browser: Browser
) -> None:
    """R-EXT-07, R-UI-01, UI-39: whoever has read nothing presses what is highlighted."""
    build_page()
    *_, key, _, _, address = (line.strip() for line in command("up").splitlines())
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults = watch_faults(page)

    page.goto(address)
    page.get_by_label("Search models").fill("llama 3.1 8b instruct")
    page.get_by_role("link", name="Llama 3.1 8B Instruct", exact=True).click()
    page.get_by_role("main").get_by_role("link", name="Deploy", exact=True).click()
    following = page.get_by_role("button", name="Next", exact=True)
    following.click()
    expect(page.get_by_role("combobox", name="Project")).to_have_value("team-a")
    page.locator("#api-key").fill(key)
    page.get_by_role("button", name="Check key").click()
    expect(page.get_by_text("NVIDIA accepts the key")).to_be_visible()
    for _ in range(3):
        following.click()
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.get_by_role("link", name="Open the deployment").click()
    status = page.locator("main .pf-v6-c-label").first
    expect(status).to_have_text("Ready", timeout=120_000)

    page.close()
    assert faults == []
    assert address not in command("status")
