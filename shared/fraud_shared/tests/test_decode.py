"""An event is read as what its type says, or refused with a code that is safe to count."""

import json

import pytest
from pydantic import ValidationError

from fraud_shared.contracts.events import LIST_UPDATED, CloudEvent, ListUpdated
from fraud_shared.decode import Unreadable, data_of

WANTED = {LIST_UPDATED: ListUpdated}
UPDATE = {
    "list": "own",
    "version": "2",
    "previous_version": "1",
    "sha256": "a" * 64,
    "entities": 1,
    "complete": True,
    "added": [],
    "removed": [],
    "changed": [],
}


def event(data: object, kind: str = LIST_UPDATED) -> CloudEvent:
    envelope = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/sanctions",
        "subject": "own",
        "type": kind,
        "time": "2026-01-01T00:00:00Z",
        "data": data,
    }
    return CloudEvent.model_validate_json(json.dumps(envelope))


@pytest.mark.parametrize("value", [1, None, {"deep": [0.5]}, 10**30])
def test_a_field_of_a_later_version_is_ignored(value: object) -> None:
    assert data_of(event({**UPDATE, "later": value}), WANTED).version == "2"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("fraud.list.updated.v2", "unknown_major"),
        ("fraud.list.removed.v1", "unknown_type"),
        ("other", "unknown_type"),
    ],
)
def test_another_type_is_not_guessed_at(kind: str, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        data_of(event(UPDATE, kind), WANTED)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "data",
    [{}, {**UPDATE, "version": 2}, {"list": "own"}],
    ids=["empty", "mistyped", "missing"],
)
def test_other_data_is_refused(data: object) -> None:
    with pytest.raises(Unreadable) as refused:
        data_of(event(data), WANTED)
    assert refused.value.reason == "data_not_as_documented"


@pytest.mark.parametrize("field", ["list", "version"])
def test_an_event_with_a_card_number_is_not_used(field: str) -> None:
    with pytest.raises(Unreadable) as caught:
        data_of(event({**UPDATE, field: "ref-4111-1111-1111-1111"}), WANTED)
    assert caught.value.reason == "card_number"


class TestMediaType:
    @staticmethod
    def envelope(media: str) -> str:
        made = event(UPDATE).model_dump(mode="json")
        return json.dumps({**made, "datacontenttype": media})

    @pytest.mark.parametrize(
        "media",
        [
            "application/json",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            'Application/JSON; charset="utf-8"',
            "application/json; profile=x; charset=utf-8",
            "application/cloudevents+json",
        ],
    )
    def test_json_with_parameters_is_taken(self, media: str) -> None:
        read = CloudEvent.model_validate_json(self.envelope(media))
        assert read.datacontenttype == "application/json"

    @pytest.mark.parametrize(
        "media",
        [
            "text/plain",
            "application/xml",
            "",
            "json",
            "application/jsonp",
            "application/json; charset=latin-1",
        ],
    )
    def test_other_media_type_is_refused(self, media: str) -> None:
        with pytest.raises(ValidationError):
            CloudEvent.model_validate_json(self.envelope(media))
