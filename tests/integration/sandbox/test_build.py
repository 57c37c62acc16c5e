"""The build itself, with a Go module small enough for a test."""

import subprocess
from pathlib import Path

import pytest

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.build import build_programs, compile_program
from odh_nim.sandbox.go_tools import GoTools, find_go
from odh_nim.sandbox.programs import BUILD_FLAGS

MAIN = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello") }\n'


class Report:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines.append(text)

    def update(self, text: str) -> None:
        self.lines.append(text)


class Interrupting(Report):
    """A person who presses Ctrl-C after some packages."""

    def __init__(self, *, after: int) -> None:
        super().__init__()
        self.after = after

    def update(self, text: str) -> None:
        super().update(text)
        if text.startswith(f"{self.after} of "):
            raise KeyboardInterrupt


def counts(line: str) -> tuple[int, int]:
    done, total = line.removesuffix(" packages").split(" of ")
    return int(done), int(total)


def working_in(folder: Path) -> list[str]:
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink() == folder:
                found.append(link.parent.name)
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return found


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> GoTools:
    return find_go(tmp_path_factory.mktemp("gocache"))


def module(folder: Path, main: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.26\n")
    (folder / "main.go").write_text(main)
    return folder


def test_interrupted_build_ends_the_compiler_and_goes_on_where_it_stopped(
    tools: GoTools, tmp_path: Path
) -> None:
    """R-EXT-07. The first of this file: the build cache is empty."""
    sources = module(tmp_path / "m", MAIN)
    first, second = Interrupting(after=10), Report()

    with pytest.raises(KeyboardInterrupt):
        compile_program(tools, sources, tmp_path / "hello", first)
    assert not (tmp_path / "hello").exists()
    assert working_in(sources) == []

    compile_program(tools, sources, tmp_path / "hello", second)

    assert subprocess.check_output([tmp_path / "hello"], text=True) == "hello\n"
    assert second.lines[:2] == ["Fetching the sources of hello", "Compiling hello"]
    done, total = counts(second.lines[-1])
    assert done == total > 1
    assert total < counts(first.lines[-1])[1]


def test_builds_in_two_folders_are_the_same_byte_for_byte(tools: GoTools, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        compile_program(
            tools, module(tmp_path / name / "m", MAIN), tmp_path / name / "hello", Report()
        )

    assert (tmp_path / "one" / "hello").read_bytes() == (tmp_path / "two" / "hello").read_bytes()
    assert "-trimpath" in BUILD_FLAGS


def test_failed_build_tells_the_compilers_reason_and_keeps_the_older_program(
    tools: GoTools, tmp_path: Path
) -> None:
    sources = module(tmp_path / "m", MAIN.replace("fmt.Println", "fmt.Prinln"))
    (tmp_path / "hello").write_text("older")

    with pytest.raises(SandboxError, match=r"undefined: fmt\.Prinln") as failure:
        compile_program(tools, sources, tmp_path / "hello", Report())

    assert "go on" in failure.value.remedy
    assert (tmp_path / "hello").read_text() == "older"


def test_too_little_room_is_told_before_minutes_are_spent(tmp_path: Path) -> None:
    def refuse(_: Path) -> None:
        raise SandboxError("Building needs 6 GB of disk.")

    with pytest.raises(SandboxError, match="6 GB"):
        build_programs(tmp_path, Report(), resources=refuse)

    assert list(tmp_path.rglob("gocache")) == []
