"""Events of every released version are read, and are CloudEvents to others."""

import json
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as SdkEvent

from fraud_shared.contracts.event_types import EVENT_TYPES
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.decode import Unreadable, data_of
from fraud_shared.state.bus import envelope
from fraud_shared.state.subscriptions import subscribers

# As they were published when their version was released; never changed afterwards.
GOLDEN = Path(__file__).parent / "golden" / "events"
FILES = sorted(GOLDEN.glob("*.json"))


def released(path: Path) -> CloudEvent:
    return CloudEvent.model_validate_json(path.read_bytes())


def said(model: Any) -> Any:
    """What a message says, without what it leaves out."""
    return json.loads(model.model_dump_json(exclude_none=True))


def test_each_type_has_a_golden_file_and_a_receiver() -> None:
    assert {path.stem for path in FILES} >= EVENT_TYPES.keys()
    assert all(subscribers(kind) for kind in EVENT_TYPES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestReleased:
    def test_is_read_and_nothing_in_it_is_lost(self, path: Path) -> None:
        event = released(path)
        message = data_of(event, EVENT_TYPES)
        written = json.loads(path.read_text())["data"]
        again = EVENT_TYPES[event.type].model_validate_json(json.dumps(written))
        assert said(message) == said(again)
        assert said(message).keys() <= written.keys()

    def test_is_read_with_fields_of_a_later_version(self, path: Path) -> None:
        event = released(path)
        later = {**event.data, "later": {"deep": [1]}}
        newer = event.model_copy(update={"data": later})
        message = data_of(newer, EVENT_TYPES)
        assert said(message) == said(data_of(event, EVENT_TYPES))
        # Whoever passes it on keeps what it does not know.
        assert json.loads(envelope(newer).body)["data"]["later"] == {"deep": [1]}

    def test_is_refused_under_another_major(self, path: Path) -> None:
        event = released(path)
        other = event.type.rpartition(".")[0] + ".v9"
        with pytest.raises(Unreadable, match="unknown_major"):
            data_of(event.model_copy(update={"type": other}), EVENT_TYPES)

    def test_is_a_cloud_event_to_the_sdk_and_comes_back(self, path: Path) -> None:
        ours = envelope(released(path)).body
        theirs = JSONFormat().read(SdkEvent, ours)
        assert theirs.get_type() == path.stem
        assert theirs.get_extension("traceparent")
        back = CloudEvent.model_validate_json(JSONFormat().write(theirs))
        assert back == released(path)
