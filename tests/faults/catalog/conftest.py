"""A catalogue that is there, NVIDIA's stand-in, and the command that replaces it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stamina

from odh_nim.catalog.store import read_catalog_file
from odh_nim.domain.model import Model
from odh_nim.sandbox.nvidia import Fault, NvidiaStandIn, SeedModel, dummy_key
from support.command_line import CommandLine, Outcome
from support.nvidia_thread import running_stand_in

OLD = "# The file of yesterday.\n"
KEY = dummy_key("good").value
COUNT = 60
SEARCH = "/v2/search/catalog/resources/CONTAINER"
CHECK = "/v3/keys/get-caller-info"
MODEL = "/v2/org/nim/team/meta/repos/model-07"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Repeat at once, and know of no proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with stamina.set_testing(testing=True, attempts=4):
        yield


@pytest.fixture
def nvidia() -> Iterator[NvidiaStandIn]:
    models = [
        SeedModel(
            "nim",
            "meta",
            f"model-{number:02}",
            display_name=f"Model {number}",
            tags=("1.0.0", "1.1.0", "latest"),
            latest_tag="latest",
            updated_date="2026-01-01T00:00:00Z",
        )
        for number in range(COUNT)
    ]
    with running_stand_in(models) as stand_in:
        yield stand_in


@dataclass
class Generator:
    """Runs `catalog generate` over a file that is there already."""

    shell: CommandLine
    nvidia: NvidiaStandIn
    output: Path

    def run(self, *options: str, key: str = KEY) -> Outcome:
        arguments = ("catalog", "generate", "--output", str(self.output), "--key-file", "-")
        fast = ("--timeout", "1", "--no-eu-list")
        outcome = self.shell.run(*arguments, *fast, *options, stdin=key)
        assert key not in outcome.out + outcome.err
        for file in self.output.parent.iterdir():
            assert key not in file.read_text()
        # Neither a part of a file nor one of our own beside it.
        assert [file.name for file in self.output.parent.iterdir()] == [self.output.name]
        if outcome.code:
            assert self.output.read_text() == OLD
        return outcome

    def models(self) -> dict[str, Model]:
        return {model.name: model for model in read_catalog_file(self.output).models}

    def fault(self, *faults: Fault) -> None:
        self.nvidia.state.faults = list(faults)

    def asked(self, path: str = "") -> list[str]:
        return [each.path for each in self.nvidia.state.journal if each.path.startswith(path)]


@pytest.fixture
def generator(
    nvidia: NvidiaStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Generator:
    folder = tmp_path / "config"
    folder.mkdir()
    output = folder / "catalog.yaml"
    output.write_text(OLD)
    monkeypatch.setenv("ODH_NIM_NGC_URL", nvidia.url)
    return Generator(CommandLine(monkeypatch, capsys.readouterr), nvidia, output)
