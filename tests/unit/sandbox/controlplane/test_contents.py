from pathlib import Path

import pytest

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.controlplane.contents import Contents, webhooks_of_kserve
from odh_nim.sandbox.controlplane.facts import Facts, digest_of, read_facts
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.lifecycle import check_variant
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.seed import Variant
from odh_nim.sandbox.state import Order


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    (tmp_path / "crds" / "full").mkdir(parents=True)
    (tmp_path / "crds" / "full" / "kind.yaml").write_text("kind: CustomResourceDefinition\n")
    return Programs(tmp_path)


def test_digests_are_the_same_until_something_changes(programs: Programs) -> None:
    before = Contents(programs, Variant.OPEN_DATA_HUB, "full").digests()
    again = Contents(programs, Variant.OPEN_DATA_HUB, "full").digests()

    (programs.folder / "crds" / "full" / "kind.yaml").write_text("kind: Other\n")
    changed = Contents(programs, Variant.OPEN_DATA_HUB, "full").digests()

    assert before == again
    assert {stage for stage in before if before[stage] != changed[stage]} == {"kinds"}


def test_variants_do_not_share_prepared_data(programs: Programs) -> None:
    kinds = {Contents(programs, variant, "full").digests()["kinds"] for variant in Variant}

    assert len(kinds) == len(Variant)


def test_webhooks_are_not_among_what_is_prepared(programs: Programs) -> None:
    """Their port and certificate belong to one run; without KServe they would refuse everything."""
    contents = Contents(programs, Variant.OPEN_DATA_HUB, "full")

    seeded = {manifest["kind"] for manifest in contents._objects["seed"]}
    hooks = webhooks_of_kserve(port=20002, ca_pem=b"ca", variant=Variant.OPEN_DATA_HUB)

    assert not [kind for kind in seeded if "Webhook" in kind]
    assert len(hooks) == 3
    assert all("127.0.0.1:20002" in hook["webhooks"][0]["clientConfig"]["url"] for hook in hooks)


def test_digest_ignores_the_order_of_fields_and_nothing_else() -> None:
    assert digest_of([{"a": 1, "b": 2}]) == digest_of([{"b": 2, "a": 1}])
    assert digest_of([{"a": 1}, {"b": 2}]) != digest_of([{"b": 2}, {"a": 1}])


def test_facts_are_remembered(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    facts = Facts(Variant.KUBERNETES_ONLY, {"etcd": 1}, {"kinds": "x"})

    facts.save(layout)

    assert read_facts(layout) == facts


def test_facts_that_cannot_be_read_name_the_way_out(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.facts_file.write_text('{"variant": "mainframe"}')

    with pytest.raises(SandboxError) as failure:
        read_facts(layout)

    assert "odh-nim sandbox reset" in failure.value.remedy


def test_other_variant_on_kept_data_is_refused(tmp_path: Path) -> None:
    """R-EXT-07."""
    layout = Layout(tmp_path)
    Facts(Variant.OPEN_DATA_HUB).save(layout)

    with pytest.raises(SandboxError) as failure:
        check_variant(layout, Order("home", "cache", "bin", Variant.KUBERNETES_ONLY))

    assert "reset --variant kubernetes-only" in failure.value.remedy
