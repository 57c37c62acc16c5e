"""Takes the pictures of the page for the docs: `make screenshots`.

A whole sandbox is started, a model is deployed in it, and every page is opened as a person who has
edit rights in one project sees it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect

from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import (  # noqa: E402 - found beside the tests only
    Site,
    build_page,
    open_browser,
    open_context,
    serve_page,
)

FOLDER: Final = ROOT / "docs" / "pictures" / "screens"
MODEL: Final = "llama-3.1-8b-instruct"
DEPLOYED: Final = "/deployments/team-a/llama-3-1-8b-instruct"
# Address, name of the picture, and a text that is there when the page is complete.
PAGES: Final = (
    ("/models", "models", "186 of 186"),
    ("/models?q=embed", "models-search", "of 186"),
    (f"/models/{MODEL}", "model", "Deploy"),
    ("/deployments", "deployments", "Ready"),
    (DEPLOYED, "deployment", "Ready"),
    (f"{DEPLOYED}?tab=endpoints", "deployment-endpoints", "Python (OpenAI client)"),
    (f"{DEPLOYED}?tab=events", "deployment-events", "Message"),
    (f"{DEPLOYED}?tab=logs", "deployment-logs", "Follow"),
    (f"{DEPLOYED}/edit", "deployment-change", "Show the difference"),
    ("/key?project=team-a", "project-key", "Stored"),
    ("/admin", "administration", "Prerequisites"),
)


def main() -> None:
    """Take all pictures, or those whose name has a word in it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("word", nargs="?", default="")
    word = parser.parse_args().word
    FOLDER.mkdir(parents=True, exist_ok=True)
    build_page()
    with _sandbox() as plane, open_browser() as browser:
        _command(plane, "keys", "set", "-n", "team-a", "--key-file", str(plane.key_file("good")))
        _command(plane, "deploy", MODEL, "-n", "team-a")
        with serve_page(plane.environment("alice"), browser) as site:
            _take_all(browser, site, word)


@contextmanager
def _sandbox() -> Iterator[ControlPlane]:
    settings = Settings.from_environment(os.environ)
    with (
        tempfile.TemporaryDirectory(prefix="odh-nim-screens-") as home,
        ControlPlane.start(
            Path(home), cache_home=settings.cache_home, programs=settings.sandbox_bin
        ) as plane,
    ):
        yield plane


def _command(plane: ControlPlane, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "odh_nim", *arguments],
        env=os.environ | plane.environment("alice"),
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=300,
    )


def _take_all(browser: Browser, site: Site, word: str) -> None:
    for scheme in ("light", "dark"):
        context = open_context(
            browser,
            site,
            viewport={"width": 1200, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        page = context.new_page()
        suffix = "" if scheme == "light" else "-dark"
        for address, name, text in PAGES:
            if word in name and (scheme == "light" or name in ("models", "deployment")):
                page.goto(address)
                _wait_for(page, text)
                _take(page, f"{name}{suffix}")
        if scheme == "light" and word in "wizard":
            _take_wizard(page)
        context.close()


def _take_wizard(page: Page) -> None:
    page.goto(f"/deploy?model={MODEL}&tag=1.15.5&project=team-a")
    expect(page.get_by_label("Tag of")).to_be_visible()
    following = page.get_by_role("button", name="Next", exact=True)
    steps = (
        ("model", "Tag of"),
        ("project", "Last checked"),
        ("resources", "Storage class"),
        ("access", "Only with a token"),
        ("review", "YAML, without the key"),
    )
    for step, text in steps:
        _wait_for(page, text)
        _take(page, f"wizard-{step}")
        if step != "review":
            following.click()


def _wait_for(page: Page, text: str) -> None:
    # A choice of a list that is closed has the text as well.
    page.get_by_text(text).locator("visible=true").first.wait_for()


def _take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(600)
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
