"""Links of the documents lead somewhere, and their commands exist with these options."""

import re
import shlex
from pathlib import Path

import click
import pytest

from odh_nim.cli.lazy import top

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# What is generated holds the help of every command, which is no command line.
WRITTEN = [page for page in PAGES if "reference" not in page.parts]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Give the anchors that GitHub makes of a page's headings."""
    headings = HEADING.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """R-DOC-01."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))

    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            assert link.startswith("https://"), f"{link} is not https"
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} of {name(page)} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link} of {name(page)} names no heading"


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    plain = (re.sub(r"^(?:oc|kubectl) nim ", "odh-nim ", line.removeprefix("$ ")) for line in lines)
    found = [line for line in plain if line.startswith("odh-nim ")]
    return [re.split(r"\s+#|\s[|>]|\s<\s", line)[0] for line in found if "…" not in line]


def parse(words: list[str]) -> None:
    """Read a command line as click would, without running it."""
    command: click.Command = top
    parent = None
    while isinstance(command, click.Group):
        context = command.make_context(command.name or "", words, parent=parent)
        _, found, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert found is not None
        parent, command = context, found
    command.make_context(command.name or "", list(words), parent=parent)


@pytest.mark.parametrize("page", [page for page in WRITTEN if commands(page)], ids=name)
def test_every_command_of_a_page_exists_with_these_options(page: Path) -> None:
    """R-DOC-01."""
    for line in commands(page):
        try:
            parse(shlex.split(line)[1:])
        except click.ClickException as error:
            pytest.fail(f"{name(page)}: {line}: {error.format_message()}")
