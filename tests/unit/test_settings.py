"""The settings, read once."""

from pathlib import Path

import pytest

from odh_nim.domain.errors import ConfigurationError
from odh_nim.settings import Settings


def test_defaults_are_the_real_addresses() -> None:
    settings = Settings.from_environment({})

    assert settings.ngc_url == "https://api.ngc.nvidia.com"
    assert settings.registry_url == "https://nvcr.io"
    assert settings.applications_namespace is None


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "ODH_NIM_APPLICATIONS_NAMESPACE": "apps",
            "ODH_NIM_NGC_URL": "http://127.0.0.1:1234/",
            "ODH_NIM_REGISTRY_URL": "https://mirror.example.com",
            "ODH_NIM_CACHE_HOME": str(tmp_path),
            "ODH_NIM_SANDBOX_HOME": str(tmp_path / "s"),
            "ODH_NIM_SANDBOX_BIN": str(tmp_path / "b"),
        }
    )

    assert settings == Settings(
        "apps",
        "http://127.0.0.1:1234",
        "https://mirror.example.com",
        tmp_path,
        tmp_path / "s",
        tmp_path / "b",
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://api.ngc.nvidia.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:word@example.com",
        "nonsense",
    ],
)
def test_address_that_would_send_a_key_in_plain_text_is_refused(address: str) -> None:
    """R-KEY-06."""
    with pytest.raises(ConfigurationError, match="ODH_NIM_NGC_URL"):
        Settings.from_environment({"ODH_NIM_NGC_URL": address})
