from collections.abc import Callable

import pytest

from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.redact import redact
from odh_nim.manifests.templates import packaged_template
from odh_nim.manifests.yaml import dump_all, load_all
from support.plans import KEY, SPECS, build


@pytest.mark.parametrize("scenario", SPECS)
def test_manifests_are_as_reviewed(scenario: str, expect_data: Callable[[str, str], None]) -> None:
    """R-DEP-02, R-DEP-13, R-DEP-15, R-DEP-16, R-DEP-17, R-DEP-22, R-PROTO-03, R-PROTO-04,
    R-KEY-18."""
    manifests = [redact(manifest) for manifest in build(SPECS[scenario]).manifests]

    text = dump_all(manifests)

    assert KEY.reveal() not in text
    assert load_all(text) == manifests
    expect_data(text, f"manifests/{scenario}.yaml")


@pytest.mark.parametrize("protocol", Protocol)
def test_shipped_runtimes_are_as_reviewed(
    protocol: Protocol, expect_data: Callable[[str, str], None]
) -> None:
    """R-TPL-02, R-TPL-03, R-TPL-04, R-TPL-05, R-TPL-06."""
    text = dump_all([packaged_template(protocol).runtime])

    expect_data(text, f"manifests/template-{protocol}.yaml")
