"""Random ids and measured times are masked, and nothing else is."""

import json
from typing import Any

import pytest

from fraud_lab.replay.masking import ENCODING, Masks, first_difference


def reply(**changed: Any) -> bytes:
    document = {
        "decision_id": "4f1c",
        "decision": "CHALLENGE",
        "challenge_id": "c-1",
        "risk": 0.25,
        "rules": {"hits": [{"rule": "R-1", "elapsed_us": 12.5}], "elapsed_ms": 1e-05},
        "actions": [{"action_id": "a-1", "kind": "otp", "reference": "c-1"}],
        "timings_ms": {"rules": 1.5, "screening": 2.25},
        "trace_id": "9d",
        "decided_at": "2026-03-02T12:00:00Z",
        **changed,
    }
    return json.dumps(document, separators=(",", ":")).encode()


ANOTHER_RUN: dict[str, Any] = {
    "decision_id": "77aa",
    "challenge_id": "c-9",
    "rules": {"hits": [{"rule": "R-1", "elapsed_us": 3}], "elapsed_ms": 0.5},
    "actions": [{"action_id": "a-9", "kind": "otp", "reference": "c-9"}],
    "timings_ms": {"screening": 9.0, "rules": 0.125},
    "trace_id": "01",
    "decided_at": "2026-04-02T12:00:00Z",
}


def test_masks_on_another_run_of_the_same_code_leave_no_difference() -> None:
    assert Masks().masked(0, reply()) == Masks().masked(0, reply(**ANOTHER_RUN))


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("decision", {"decision": "DECLINE"}),
        ("risk", {"risk": 0.25000000000000006}),
        ("risk", {"risk": None}),
        ("rules.hits", {"rules": {"hits": [], "elapsed_ms": 1}}),
        ("timings_ms.screening", {"timings_ms": {"rules": 1.5}}),
        ("decision_id", {"decision_id": None}),
        # No longer the same challenge as the action's.
        ("actions[].reference", {"challenge_id": "c-2"}),
    ],
)
def test_masks_on_a_changed_reply_leave_the_field_that_changed(
    field: str, changed: dict[str, Any]
) -> None:
    before = Masks().masked(0, reply())
    after = Masks().masked(0, reply(**changed))
    assert first_difference(before, after)[0] == field


def test_masks_of_a_repeated_reply_keep_the_ids_of_the_first() -> None:
    masks = Masks()
    first, repeated = masks.masked(0, reply()), masks.masked(1, reply())
    assert first == repeated
    assert masks.masked(2, reply(decision_id="other")) != first


def test_masks_of_a_problem_hide_the_request_and_nothing_more() -> None:
    one = b'{"status": 422, "instance": "40c8"}'
    other = b'{"status": 422, "instance": "292b"}'
    assert Masks().masked(3, one) == Masks().masked(3, other)
    assert b'"status": 422' in Masks().masked(3, one)


def test_a_difference_in_other_bytes_of_the_same_values_is_one_of_encoding() -> None:
    assert first_difference(b'{"risk":0.5}', b'{"risk": 0.5}')[0] == ENCODING
    assert first_difference(b"no JSON", b'{"risk": 0.5}')[0] == ENCODING
