"""Tables, data and findings as commands print them."""

import json

import pytest

from odh_nim.cli.output import Steps, print_data, print_findings, print_table
from odh_nim.domain.finding import Finding, Severity
from odh_nim.manifests.yaml import load_yaml


def test_table_has_capitals_and_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "TAG"), [("llama", "1.8"), ("a", "latest")])

    assert capsys.readouterr().out == "NAME   TAG\nllama  1.8\na      latest\n"


def test_control_characters_of_foreign_text_never_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """S24."""
    print_table(("NAME",), [("evil\x1b[31m\nname",)])

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_data_for_machines_parses_back(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = {"name": "llama", "tags": ["1.3", "yes"], "gpus": 1}

    print_data(data, output)

    text = capsys.readouterr().out
    assert (json.loads(text) if output == "json" else load_yaml(text)) == data


def test_findings_go_to_standard_error_with_their_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_findings([Finding(Severity.WARNING, "gpu-none", "--gpu", "No GPU is free.", "Wait.")])

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "warning: --gpu: No GPU is free. Wait.\n"


def test_steps_leave_a_line_each_and_mark_the_one_that_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> None:
        with Steps() as steps:
            steps.step("Checking")
            steps.step("Creating")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()

    assert capsys.readouterr().err == "✓ Checking\n✗ Creating\n"


def test_spinner_shows_foreign_text_as_it_is_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S24."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    with Steps() as steps:
        steps.step("Pulling image")
        steps.update("")
        steps.update("[red]evil[/] \x1b[31m")

    assert capsys.readouterr().err.endswith("✓ Pulling image\n")
