"""Links of the documents lead somewhere, their commands exist, their indexes are complete."""

import re
import runpy
import shlex
from pathlib import Path

import click
import pytest
from click.exceptions import NoArgsIsHelpError

from odh_nim.cli.lazy import top
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.families import families

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# What is generated holds the help of every command, which is no command line.
WRITTEN = [page for page in PAGES if "reference" not in page.parts]
INDEX = ROOT / "docs" / "README.md"
DECISIONS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
# Addresses of documents are no hosts to fetch from; these are what a registry's clients dial.
PUBLIC_HOSTS = {"nvcr.io", "docker.io", "quay.io", "ghcr.io", "registry.k8s.io"}
MACHINE = re.compile(r"(?<![\w.~$}-])/(?:root|work|home/\w+|Users/\w+|tmp/\w+)\b")
EXAMPLE_HOST = re.compile(r"(?:^|\.)(?:example(?:\.\w+)?|test|localhost|local|svc)$")


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


def mentioned(page: Path) -> list[str]:
    """Give the commands within sentences; their values may be left out there."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    spans = (re.sub(r"^(?:oc|kubectl) nim ", "odh-nim ", each) for each in SPAN.findall(text))
    return [span for span in spans if re.match(r"odh-nim [^…|<>]+$", span)]


@pytest.mark.parametrize("page", [page for page in WRITTEN if mentioned(page)], ids=name)
def test_every_command_within_a_sentence_exists_with_these_options(page: Path) -> None:
    """R-DOC-01."""
    for span in mentioned(page):
        try:
            parse(shlex.split(span)[1:])
        except (click.MissingParameter, NoArgsIsHelpError):
            continue
        except click.ClickException as error:
            pytest.fail(f"{name(page)}: {span}: {error.format_message()}")


@pytest.mark.parametrize("page", [page for page in WRITTEN if commands(page)], ids=name)
def test_every_command_of_a_page_exists_with_these_options(page: Path) -> None:
    """R-DOC-01."""
    for line in commands(page):
        try:
            parse(shlex.split(line)[1:])
        except click.ClickException as error:
            pytest.fail(f"{name(page)}: {line}: {error.format_message()}")


def linked(page: Path) -> set[Path]:
    text = page.read_text(encoding="utf-8")
    paths = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link]
    return {(page.parent / path).resolve() for path in paths if path}


def test_index_leads_to_every_guide_and_reference() -> None:
    """R-DOC-01."""
    pages = {*(ROOT / "docs").rglob("*.md")} - {INDEX, *DECISIONS}

    assert pages - linked(INDEX) == set()


def test_index_of_decisions_has_each_with_its_title_in_order() -> None:
    """R-DOC-10."""
    rows = re.findall(
        r"^\| \[(\d{4})\]\(([\w.-]+)\) \| (.+) \|$",
        (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    titles = [page.read_text(encoding="utf-8").splitlines()[0] for page in DECISIONS]

    assert [path for _, path, _ in rows] == [page.name for page in DECISIONS]
    assert [f"# {number} {title}" for number, _, title in rows] == titles
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_decision_says_what_was_decided_and_what_follows(page: Path) -> None:
    """R-DOC-10."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))

    if page.name != "0008-dependencies.md":  # A table, with a reason in each row.
        assert headings[1] == "Context"
        assert headings.index("Decision") < headings.index("Consequences")


def strangers(text: str) -> list[str]:
    """Find hosts that a command would dial and that neither everybody knows nor are examples."""
    hosts = re.findall(
        r"(?:--registry|--mirror|--index-url|--proxy)[ =]([\w-]+(?:\.[\w-]+)+)", text
    )
    hosts += re.findall(r"\b([\w-]+(?:\.[\w-]+)+):\d{2,5}/", text)
    return [
        host
        for host in hosts
        if host not in PUBLIC_HOSTS
        and not EXAMPLE_HOST.search(host)
        and not re.search(r"example", host)
        and not re.fullmatch(r"[\d.]+", host)
    ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_page_knows_no_machine_and_no_host_of_its_writers(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert MACHINE.findall(text) == []
    assert strangers(text) == []


def test_the_search_for_machines_and_hosts_finds_them() -> None:
    assert MACHINE.findall("run /root/build/x or /home/jo/y") == ["/root", "/home/jo"]
    assert MACHINE.findall("~/work/x, https://a.test/home/jo and /opt/nim") == []
    assert strangers("push --registry mirror.corp.net/x") == ["mirror.corp.net"]
    assert strangers("--registry mirror.example.com:5000/nvidia, http://127.0.0.1:80/") == []


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("upgrade", ["What is cleaned up", "What is never cleaned up", "Way back"]),
        ("eu-restriction", ["Its limits", "How to refresh it"]),
        ("catalog", ["A catalogue of your own", "The weekly pull request", "What an entry holds"]),
        ("keys", ["Get one", "Replace it", "What was decided, and why"]),
        ("air-gap", [f"{number}. " for number in range(1, 10)]),
        ("air-gap-troubleshooting", ["Bundle", "Mirror", "Cluster", "Weights"]),
        ("air-gap-upgrade", ["New tags and models", "A newer release of odh-nim"]),
        ("migrate", ["A whole project", "One deployment", "What happens, in order"]),
    ],
)
def test_guide_has_what_is_promised_of_it(page: str, told: list[str]) -> None:
    """R-DOC-02, R-DOC-03, R-DOC-04, R-DOC-06, R-DOC-07, R-DOC-08."""
    text = (ROOT / "docs" / "guides" / f"{page}.md").read_text(encoding="utf-8")
    headings = HEADING.findall(BLOCK.sub("", text))

    for topic in told:
        assert any(heading.startswith(topic) for heading in headings), topic


def test_migrating_warns_of_a_second_set_of_gpus() -> None:
    """R-DOC-08."""
    first = (ROOT / "docs" / "guides" / "migrate.md").read_text(encoding="utf-8").split("\n## ")[0]

    assert "second set of GPUs" in first


def test_guide_names_the_ports_of_every_family_that_speaks_grpc() -> None:
    """R-DOC-05, R-PROTO-02."""
    text = (ROOT / "docs" / "guides" / "protocols.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \| (\d+) \|", text, re.MULTILINE)
    spoken = [one for one in families().values() if Protocol.GRPC in one.protocols]

    assert [(family, int(port)) for family, _, port in told] == [
        (one.id, one.grpc_port) for one in spoken
    ]
    for (_, port, _), family in zip(told, spoken, strict=True):
        serves = Protocol.HTTP in family.protocols
        assert port.isdigit() == serves
        assert not serves or int(port) == family.http_port


def test_figures_of_the_protocols_are_those_of_the_benchmark() -> None:
    """R-DOC-05: the bytes; times depend on the machine."""
    figures = runpy.run_path(str(ROOT / "benchmarks" / "protocol.py"))
    text = (ROOT / "docs" / "guides" / "protocols.md").read_text(encoding="utf-8")
    items = figures["vectors"](1, 1024)

    for pack in ("as_json", "as_base64", "as_raw"):
        assert f"| {len(figures[pack](items)):,} |" in text, pack
