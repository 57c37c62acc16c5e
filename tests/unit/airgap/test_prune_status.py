import json
from pathlib import Path

import pytest

from odh_nim.airgap.events import Event, Journal, as_line, stamped
from odh_nim.airgap.from_cluster import list_served
from odh_nim.airgap.model_list import parse_model_list
from odh_nim.airgap.outcome import Failure, Outcome
from odh_nim.airgap.prune import Removal, plan_prune, prune, read_list, render_list
from odh_nim.airgap.status import read_status
from odh_nim.domain.errors import InputError
from support.catalogs import FakeCluster
from support.registry_images import image, layer
from support.registry_plans import mirror, nim_source, publish, references
from support.registry_server import FakeRegistry, serve

REPOSITORY = "nim/team/m0"


def old_and_new(target: FakeRegistry) -> dict[str, str]:
    """Put old tags beside the wanted one; `also` shares the wanted digest."""
    digests = {}
    for tag, seed in (("0.9.0", "old"), ("0.8.0", "older"), ("0.8", "older")):
        made = image([layer(10, seed)])
        publish(target, REPOSITORY, tag, made)
        digests[tag] = made.digest
    body, media_type = target.manifests[REPOSITORY, "1.0.0"]
    target.put_manifest(REPOSITORY, "also", body, media_type)
    return digests


def test_prune_lists_first_and_never_what_a_wanted_tag_uses(tmp_path: Path) -> None:
    """AG-60, R-AIR-10."""
    source, target = nim_source(1), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one, 1))
        made.copy(plan, two)
        digests = old_and_new(target)

        removals = plan_prune(made.stores[two], [plan])
        path = tmp_path / "list.yaml"
        path.write_text(render_list(two, removals))
        assert target.count("DELETE .*manifests") == 0
        result = prune(made.stores[two], read_list(path, two), [plan])

    assert {each.digest: each.tags for each in removals} == {
        digests["0.9.0"]: ("0.9.0",),
        digests["0.8.0"]: ("0.8", "0.8.0"),
    }
    assert len(result.deleted) == 2
    tags = {tag for _, tag in target.manifests if not tag.startswith("sha256:")}
    assert tags == {"1.0.0", "also"}


def test_prune_leaves_what_has_changed_since_the_review() -> None:
    """AG-60."""
    source, target = nim_source(1), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one, 1))
        made.copy(plan, two)
        digests = old_and_new(target)
        reviewed = [
            Removal(REPOSITORY, digests["0.8.0"], ("0.8.0",)),
            Removal(REPOSITORY, plan.images[0].manifest.digest, ("also",)),
            Removal(REPOSITORY, "sha256:" + "0" * 64, ("gone",)),
        ]

        result = prune(made.stores[two], reviewed, [plan])

    assert result.deleted == ()
    assert [reason for _, reason in result.kept] == [
        "tags that are not on the list use it: 0.8",
        "a wanted tag uses it",
        "it was gone already",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: 1",
        "version: 1\nregistry: other\nremovals: []",
        "version: 9\nregistry: x\nremovals: []",
    ],
)
def test_a_list_that_is_none_or_for_another_registry_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text)

    with pytest.raises(InputError):
        read_list(tmp_path / "list", "x")


# ── Status ──────────────────────────────────────────────────────────────────────────────────────
def test_status_reads_the_last_run_of_a_journal(tmp_path: Path) -> None:
    """AG-61, R-AIR-09."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    sink = stamped([journal], clock=lambda: 5.0)
    sink(Event("start", action="copy", images=9))
    sink(Event("end", exit_code=4))
    sink(Event("start", action="push", plan="abc", destination="mirror", images=3))
    sink(Event("progress", total_bytes=100, done_bytes=40, rate=10, seconds_left=6))
    sink(Event("image", name="a", status="done"))
    sink(Event("image", name="b", status="failed", error="refused"))
    sink(Event("wait", host="mirror", seconds=3, error="the connection was refused"))
    journal.close()
    with path.open("a") as file:
        file.write('{"event": "image", "na')

    status = read_status(path).to_data()

    assert status["action"] == "push"
    assert (status["doneBytes"], status["leftBytes"], status["secondsLeft"]) == (40, 60, 6)
    assert status["errors"] == {"b": "refused"}
    assert status["doneImages"] == 1
    assert status["waiting"] == "mirror for 3 s: the connection was refused"
    assert status["state"] == "running or killed"


def test_an_event_is_one_line_of_json_without_empty_fields() -> None:
    """AG-61."""
    event = Event("image", name="a", status="failed", error="line\nbreak")

    assert "\n" not in as_line(event)
    assert json.loads(as_line(event)) == {
        "event": "image",
        "name": "a",
        "status": "failed",
        "error": "line\nbreak",
    }


def test_two_runs_do_not_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")

    with pytest.raises(InputError, match="another run"):
        Journal(tmp_path / "journal")
    journal.close()
    Journal(tmp_path / "journal").close()


def test_there_may_be_no_journal(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_status(tmp_path / "none")
    (tmp_path / "empty").write_text("")
    with pytest.raises(InputError, match="no run"):
        read_status(tmp_path / "empty")


@pytest.mark.parametrize(
    ("bits", "done", "stopped", "code"),
    [
        ((), ["a"], False, 0),
        ((4,), [], False, 4),
        ((8,), ["a"], False, 8 + 32),
        ((16, 4), [], False, 20),
        ((4, 8, 16), ["a"], False, 60),
        ((4,), ["a"], True, 130),
    ],
)
def test_exit_codes_are_the_sum_of_the_bits(
    bits: tuple[int, ...],
    done: list[str],
    stopped: bool,  # noqa: FBT001 - a case
    code: int,
) -> None:
    """AG-62."""
    failures = [Failure("x", bit, "") for bit in bits]

    assert Outcome(done=done, failures=failures, stopped=stopped).exit_code == code


# ── From a cluster ──────────────────────────────────────────────────────────────────────────────
def runtime(name: str, *images: str) -> dict[str, object]:
    return {
        "kind": "ServingRuntime",
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {"containers": [{"name": "kserve-container", "image": each} for each in images]},
    }


@pytest.mark.anyio
async def test_a_cluster_gives_the_list_of_what_it_serves_and_the_agent() -> None:
    """R-AIR-01."""
    cluster = FakeCluster(
        runtime("a", "nvcr.io/nim/meta/llama:1.8.5"),
        runtime("b", "nvcr.io/nim/meta/llama:1.8.6", "quay.io/other/thing:1"),
        runtime("c", "nvcr.io/nim/meta/pinned:1@sha256:" + "0" * 64),
        {
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
            "data": {"agent": '{"image": "kserve/agent:v0.15.0"}'},
        },
    )

    served = await list_served(cluster)
    wanted = parse_model_list(served.render())

    assert [(str(each.reference), each.tags) for each in wanted.models] == [
        ("meta/llama", ("1.8.5", "1.8.6"))
    ]
    assert [str(each) for each in wanted.images] == [
        "docker.io/kserve/agent:v0.15.0",
        "nvcr.io/nim/meta/pinned:1@sha256:" + "0" * 64,
    ]
    assert served.findings == []


@pytest.mark.anyio
async def test_an_agent_that_cannot_be_read_is_told() -> None:
    """R-AIR-01."""
    served = await list_served(FakeCluster(runtime("a", "nvcr.io/nim/meta/llama:1.8.5")))

    assert [finding.code for finding in served.findings] == ["agent-unknown"]
