"""A recording is read as it was written, and what is none is refused."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraud_lab.replay.recording import (
    FORMAT,
    LABEL,
    PAYMENT,
    Exchange,
    Header,
    RecordingRefused,
    Request,
    read,
    write,
)
from fraud_lab.replay.requests import CLIENTS, simulated_requests

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXCHANGES = [
    Exchange(Request("c", AT, PAYMENT, {"name": "Zoë"}), 200, b'{"risk": 0.10}'),
    Exchange(Request("c", AT, LABEL, {}), 422, b"{}"),
]


def header(**changed: int) -> Header:
    counts = {"format": FORMAT, "seed": 1, "payments": 1, "requests": 2} | changed
    return Header(**counts, challenger_from=1, models={}, versions={})


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz"])
def test_recording_read_again_is_what_was_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, header(), EXCHANGES)
    assert read(tmp_path / name) == (header(), EXCHANGES)


@pytest.mark.parametrize("changed", [{"format": FORMAT + 1}, {"requests": 3}])
def test_recording_of_another_format_or_cut_off_is_refused(
    tmp_path: Path, changed: dict[str, int]
) -> None:
    write(tmp_path / "a.ndjson", header(**changed), EXCHANGES)
    with pytest.raises(RecordingRefused):
        read(tmp_path / "a.ndjson")


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "missing"])
def test_recording_that_is_another_file_is_refused(tmp_path: Path, name: str) -> None:
    if name != "missing":
        (tmp_path / name).write_text("account,amount\n1,2\n")
    with pytest.raises(RecordingRefused):
        read(tmp_path / name)


def test_requests_of_a_seed_are_the_same_and_hold_every_kind() -> None:
    requests = list(simulated_requests(1500, 3))
    assert requests == list(simulated_requests(1500, 3))
    assert requests == sorted(requests, key=lambda request: request.at)
    paid = [one for one in requests if one.path == PAYMENT]
    ids = Counter(one.body["transaction_id"] for one in paid)
    assert len(paid) == 1500
    assert {one.client for one in paid} == set(CLIENTS)
    assert any(one.path == LABEL for one in requests)
    assert 2 in ids.values()
    features = {len(one.body.get("features", ())) for one in paid}
    assert len(features) >= 3
