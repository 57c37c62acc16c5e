"""Real registries for the air gap's commands."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.registry_program import MISSING, RegistryProgram, running
from support.registry_world import World


@pytest.fixture(scope="session")
def nvidia(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProgram]:
    """Stand in for NVIDIA's registry; filled once, only read."""
    assert shutil.which("docker-registry"), MISSING
    assert shutil.which("skopeo"), MISSING
    with running(tmp_path_factory.mktemp("nvidia")) as program:
        World(program, program, program.folder).publish()
        yield program


@pytest.fixture
def world(nvidia: RegistryProgram, tmp_path: Path) -> Iterator[World]:
    """A fresh mirror and a folder."""
    with running(tmp_path / "mirror") as mirror:
        yield World(nvidia, mirror, tmp_path)
