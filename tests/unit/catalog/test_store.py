import os
from pathlib import Path

import pytest

from odh_nim.catalog import store
from odh_nim.domain.errors import CatalogError, OutputError
from support.catalogs import config_map, entry


def test_written_catalogue_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"

    store.write_manifest(config_map({"llama": entry()}), file)

    catalog = store.read_catalog_file(file)
    assert [model.key for model in catalog.models] == ["llama"]
    assert catalog.source == str(file)


def test_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-CAT-06."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "catalog.yaml"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OutputError, match="No space left on device; what was there is unchanged"):
        store.write_manifest(config_map({}), file)

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("text", [b"[", b"a", b"kind: Secret", b"\xff"])
def test_file_without_a_catalogue_is_an_error(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_bytes(text)

    with pytest.raises(CatalogError, match=r"catalog\.yaml"):
        store.read_catalog_file(file)
