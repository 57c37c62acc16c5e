import sys
from pathlib import Path

import pytest

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.build import available_memory, check_resources
from odh_nim.sandbox.go_tools import find_go


def tool_chain(folder: Path, version: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("version", ["go1.26.0", "go1.27.3", "go1.30", "go2.0"])
def test_new_enough_tool_chain_on_path_is_taken(tmp_path: Path, version: str) -> None:
    program = tool_chain(tmp_path, version)

    tools = find_go(tmp_path / "cache", environ={"PATH": str(tmp_path)})

    assert tools.program == program


def test_tool_chain_beside_this_python_is_the_second_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool_chain(tmp_path / "path", "go1.25.9")
    beside = tool_chain(tmp_path / "environment" / "bin", "go1.27.3")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))

    tools = find_go(tmp_path / "cache", environ={"PATH": str(tmp_path / "path")})

    assert tools.program == beside


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "nonsense", "''"])
def test_too_old_tool_chain_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    program = tool_chain(tmp_path, version)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nothing"))

    with pytest.raises(SandboxError) as failure:
        find_go(tmp_path / "cache", environ={"PATH": str(tmp_path)})

    assert str(program) in failure.value.message
    assert "odh-nim[go]" in failure.value.remedy


def test_persons_own_settings_do_not_change_what_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool_chain(tmp_path, "go1.27.3")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOARCH", "mips")
    monkeypatch.setenv("GOPROXY", "https://proxy.example.com")

    environment = find_go(tmp_path / "cache", environ={"PATH": str(tmp_path)}).environment()

    assert environment["GOFLAGS"] == "-mod=readonly"
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOTOOLCHAIN"] == "local"
    assert environment["GOPROXY"] == "https://proxy.example.com"
    assert "GOARCH" not in environment


def test_available_memory_is_known_here() -> None:
    memory = available_memory()

    assert memory is None or memory > 10_000_000


def test_too_little_disk_or_memory_is_told_before_minutes_are_spent(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="of disk") as disk:
        check_resources(tmp_path, disk=10**18, memory=0)
    with pytest.raises(SandboxError, match="of memory"):
        check_resources(tmp_path, disk=0, memory=10**18)

    assert "ODH_NIM_CACHE_HOME" in disk.value.remedy
