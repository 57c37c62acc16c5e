"""The memory of a clean-up: it fits into a ConfigMap, and is read as it was written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain import names
from odh_nim.upgrade.record import Mark, Record, parse_record

TEXT = st.text(max_size=20)
MARKS = st.lists(st.builds(Mark, TEXT, TEXT, TEXT), max_size=4).map(tuple)
LINES = st.lists(TEXT, max_size=3).map(tuple)


def stored(record: Record) -> Record:
    data = {names.UPGRADE_REPORT_KEY: record.to_text()}
    return parse_record({"metadata": {"resourceVersion": "1"}, "data": data})


@given(st.builds(Record, TEXT, TEXT, MARKS, MARKS, MARKS, LINES, LINES))
def test_record_is_read_as_it_was_written(record: Record) -> None:
    """R-CLN-15."""
    assert stored(record) == record


def test_record_of_the_largest_cluster_fits_and_keeps_the_newest() -> None:
    """R-CLN-15: a ConfigMap holds 1 MiB."""
    marks = tuple(
        Mark(f"Secret/{'long-project-name' * 3}-{number}/ngc-secret", "u" * 36, str(number))
        for number in range(20_000)
    )
    record = Record("running", "now", marks, (), marks, (), ("revoke",))

    text = record.to_text()

    assert len(text.encode()) < 1_000_000
    assert json.loads(text)["advice"] == ["revoke"]
    kept = stored(record)
    assert kept.proven[-1] == marks[-1]
    assert len(kept.deleted) > 2000
