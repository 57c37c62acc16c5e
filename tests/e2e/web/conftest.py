"""The built page, served by `odh-nim ui` before the real control plane, in a real browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from odh_nim.sandbox.testing import ControlPlane
from support.browser import (
    Site,
    build_page,
    elsewhere,
    open_browser,
    open_context,
    serve_page,
    watch_faults,
)
from support.control_plane import make_project


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started


@pytest.fixture(scope="session")
def site(control_plane: ControlPlane, browser: Browser) -> Iterator[Site]:
    """The page as alice sees it."""
    build_page()
    with serve_page(control_plane.environment("alice"), browser) as served:
        yield served


@pytest.fixture
def project(control_plane: ControlPlane) -> str:
    """A fresh project of alice's."""
    return elsewhere(lambda: make_project(control_plane))


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open fresh browsers; at the end none of them may have thrown or broken its policy."""
    contexts = []
    faults: list[list[str]] = []

    def open_one(**options: Any) -> Page:
        context = open_context(browser, site, **options)
        contexts.append(context)
        page = context.new_page()
        faults.append(watch_faults(page))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [fault for found in faults for fault in found] == []
