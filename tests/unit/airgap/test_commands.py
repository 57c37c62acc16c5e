"""What the airgap commands say, without a registry."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from odh_nim.airgap.events import Event
from odh_nim.airgap.model_list import schema
from odh_nim.cli.airgap import airgap
from odh_nim.cli.airgap_options import Access
from odh_nim.cli.airgap_progress import Lines, duration, json_lines, size
from odh_nim.cli.airgap_registries import open_registries
from odh_nim.cli.main import main
from odh_nim.domain.errors import OdhNimError
from odh_nim.registry import Location
from odh_nim.settings import Settings


def run(*words: str | Path) -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as ended:
        main(["airgap", *map(str, words)])
    assert isinstance(ended.value.code, int)
    return ended.value.code, stdout.getvalue(), stderr.getvalue()


def test_every_command_has_help_with_two_examples() -> None:
    names = ("plan", "pull", "push", "copy", "verify", "resources", "pull-secret", "preload")
    for name in (*names, "preloaded", "prune", "status"):
        # Not by --help: showing help replaces click's classes for the rest of this process.
        text = airgap.commands[name].help or ""
        assert text.count(f"odh-nim airgap {name}") >= 2, name


def test_the_schema_is_printed_as_it_is() -> None:
    """R-AIR-01."""
    assert run("plan", "--schema")[:2] == (0, schema())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan",), "Name the list of models"),
        (("plan", "no-such-file.yaml"), "cannot be read"),
        (("pull", "no-such-plan.yaml", "bundle"), "cannot be read"),
        (("push", "no-such-bundle", "mirror.example.com"), "is no bundle"),
        (("verify", "no-such-bundle"), "is no bundle"),
        (("copy", "no-such-plan.yaml", "https://user:pw@host"), "cannot be read"),
        (("status", "no-such-journal"), "cannot be read"),
    ],
)
def test_usage_errors_end_with_2_or_16_and_say_what_is_wrong(
    words: tuple[str, ...], said: str
) -> None:
    """AG-62."""
    code, _, err = run(*words)

    assert code in (2, 16)
    assert said in err


def test_a_key_on_the_command_line_is_refused() -> None:
    """AG-35."""
    code, _, err = run("plan", "x.yaml", "--key-file", "nvapi-" + "c" * 40)

    assert code == 2
    assert "c" * 40 not in err


def test_sizes_and_times_are_for_people() -> None:
    """AG-61."""
    assert [size(count) for count in (0, 999, 1500, 2_500_000, 3.2e9, 7e15)] == [
        "0 B",
        "999 B",
        "1.5 KB",
        "2.5 MB",
        "3.2 GB",
        "7000.0 TB",
    ]
    assert [duration(seconds) for seconds in (5, 65, 3725)] == ["5 s", "1 min 05 s", "1 h 02 min"]


def test_progress_tells_bytes_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    """AG-61, R-AIR-09."""
    lines = Lines()
    lines(Event("progress", total_bytes=10**9, done_bytes=10**8, rate=1e7, seconds_left=90))
    lines(Event("wait", host="mirror", seconds=3, error="the connection was refused"))
    lines(Event("image", name="a", status="there"))
    lines(Event("image", name="b", status="failed", error="refused"))
    json_lines(Event("image", name="b", status="done"))

    out, err = capsys.readouterr()
    assert "100.0 MB of 1.0 GB (10 %), 10.0 MB/s, 1 min 30 s left" in err
    assert "mirror: the connection was refused; again in 3 s" in err
    assert "✓ a (was there)" in err
    assert "✗ b: refused" in err
    assert json.loads(out) == {"event": "image", "name": "b", "status": "done"}


def test_loopback_registries_are_plain_and_all_others_are_not() -> None:
    with open_registries(Access(), Settings(), lambda *_: None) as registries:
        assert registries.source_end("127.0.0.1:5000").plain
        assert not registries.source_end("nvcr.io").plain
        assert not registries.destination_end(Location.parse("mirror.example.com")).plain
        assert registries.destination_end(Location.parse("http://mirror.example.com")).plain


def test_an_ngc_key_becomes_the_login_of_nvidias_registry_alone(tmp_path: Path) -> None:
    """AG-35, R-AIR-09."""
    key = tmp_path / "key"
    key.write_text("nvapi-" + "k" * 40 + "\n")
    key.chmod(0o600)
    with open_registries(Access(key_file=str(key)), Settings(), lambda *_: None) as registries:
        login = registries.login("nvcr.io")
        other = registries.login("mirror.example.com")

    assert login is not None
    assert login.username == "$oauthtoken"
    assert "k" * 40 not in repr(login) + repr(registries.source_end("nvcr.io"))
    assert other is None


def test_a_key_that_is_none_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not a key")
    access = Access(key_file=str(tmp_path / "key"))

    with pytest.raises(OdhNimError), open_registries(access, Settings(), lambda *_: None):
        pass
