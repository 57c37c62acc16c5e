"""A real browser before the real server: started once, each test with a context of its own."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_SETTLE = """() => Promise.race([
  Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0))),
  new Promise((resolve) => setTimeout(resolve, 500)),
])"""
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/start\?ticket=\S+")


@dataclass(frozen=True)
class Site:
    """A running server, and the cookie that lets a browser in."""

    address: str
    cookies: list[Any]


def build_page() -> None:
    """Build the page as a wheel does, unless it is built already."""
    subprocess.run([sys.executable, "hatch_build.py"], cwd=ROOT, check=True, timeout=600)


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    named = (os.environ.get("ODH_NIM_CHROMIUM"), *_PROGRAMS)
    program = next(filter(None, (shutil.which(name) for name in named if name)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


@contextlib.contextmanager
def serve_page(environment: dict[str, str], browser: Browser) -> Iterator[Site]:
    """Run `odh-nim ui` with somebody's kubeconfig and let a browser in."""
    server = subprocess.Popen(
        [sys.executable, "-m", "odh_nim", "ui", "--no-browser"],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    watchdog = threading.Timer(90, server.kill)
    watchdog.start()
    try:
        assert server.stdout is not None
        found = _ADDRESS.search(server.stdout.readline())
        watchdog.cancel()
        assert found is not None, "the server did not say where it listens"
        context = browser.new_context()
        context.new_page().goto(found.group(), wait_until="commit")
        cookies = list(context.cookies())
        context.close()
        yield Site(found.group().partition("/start")[0], cookies)
    finally:
        watchdog.cancel()
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)
        if server.stdout is not None:
            server.stdout.close()


def open_context(browser: Browser, site: Site, **options: Any) -> BrowserContext:
    """Open a fresh browser of somebody who is logged in."""
    context = browser.new_context(
        base_url=site.address, **{"viewport": {"width": 1280, "height": 900}, **options}
    )
    context.add_cookies(site.cookies)
    context.set_default_timeout(PATIENCE_MS)
    return context


def watch_faults(page: Page) -> list[str]:
    """Note what a page must never do: throw, or break its own security policy."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"thrown: {error}"))

    def note(message: Any) -> None:
        # A refused request is logged as an error by the browser; the page shows it itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            faults.append(message.text)

    page.on("console", note)
    return faults


def violations(page: Page) -> list[str]:
    """Ask axe about everything that is shown, no rule switched off."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=AXE)
    # What still moves has other colours for a moment; a grey bar that waits moves for ever.
    page.evaluate(_SETTLE)
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def elsewhere(call: Callable[[], T]) -> T:
    """Run what needs an event loop of its own beside the browser's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(120)
