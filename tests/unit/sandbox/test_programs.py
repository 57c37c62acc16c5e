import shutil
from pathlib import Path

import pytest

from odh_nim.domain.errors import SandboxError
from odh_nim.manifests.shipped import controlplane_folder
from odh_nim.sandbox.lifecycle import find_programs
from odh_nim.sandbox.programs import Programs, cache_folder, fingerprint


def fill(folder: Path) -> Path:
    for crd_set in ("full", "minimal"):
        (folder / "crds" / crd_set).mkdir(parents=True)
        (folder / "crds" / crd_set / "kind.yaml").write_text("kind: CustomResourceDefinition\n")
    for name in ("sandbox", "kserve-manager"):
        (folder / name).write_text("program")
    return folder


def test_folder_that_the_user_names_comes_before_the_cache(tmp_path: Path) -> None:
    """R-EXT-07."""
    named = fill(tmp_path / "named")
    fill(cache_folder(tmp_path / "cache"))

    programs = Programs.find(named=named, cache_home=tmp_path / "cache")

    assert programs == Programs(named)


def test_named_folder_that_lacks_something_is_an_error_though_the_cache_has_it(
    tmp_path: Path,
) -> None:
    named = fill(tmp_path / "named")
    (named / "kserve-manager").unlink()
    fill(cache_folder(tmp_path / "cache"))

    with pytest.raises(SandboxError, match="has no kserve-manager"):
        Programs.find(named=named, cache_home=tmp_path / "cache")


def test_cache_is_used_when_it_is_complete(tmp_path: Path) -> None:
    folder = fill(cache_folder(tmp_path))

    assert Programs.find(named=None, cache_home=tmp_path) == Programs(folder)


@pytest.mark.parametrize("part", ["sandbox", "kserve-manager", "crds/full", "crds/minimal"])
def test_incomplete_cache_is_built_on(tmp_path: Path, part: str) -> None:
    folder = fill(cache_folder(tmp_path))
    path = folder / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert Programs.find(named=None, cache_home=tmp_path) is None
    assert Programs(folder).missing() == [part]


def test_missing_programs_name_the_command_that_builds_them(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as failure:
        find_programs(None, tmp_path)

    assert "odh-nim sandbox build" in failure.value.remedy


def test_programs_of_another_version_are_never_taken(tmp_path: Path) -> None:
    sources = tmp_path / "controlplane"
    shutil.copytree(controlplane_folder(), sources)
    before = fingerprint(sources)

    (sources / "kserve" / "go.mod").write_text("module other\n")

    assert fingerprint(sources) != before
    assert fingerprint(controlplane_folder()) == before


def test_kinds_are_read_from_the_chosen_set(tmp_path: Path) -> None:
    assert Programs(fill(tmp_path / "x")).crds("full") == [{"kind": "CustomResourceDefinition"}]
