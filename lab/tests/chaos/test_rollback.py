import json

import pytest

from fraud_lab.chaos.rollback import _logged, _unmarked
from fraud_lab.chaos.traffic import Decided, Traffic

LINE = {
    "event": "model_rolled_back",
    "version": "2",
    "back_to": "1",
    "why": "error-rate",
}


class TestLogLine:
    @pytest.mark.parametrize(
        ("line", "found"),
        [
            (LINE, True),
            ({**LINE, "event": "model_swapped"}, False),
            ({**LINE, "version": "3"}, False),
            ({**LINE, "back_to": "3"}, False),
            ({**LINE, "why": "degraded-rate"}, False),
        ],
    )
    def test_names_where_from_where_to_and_why(self, tmp_path, line, found):
        log = tmp_path / "xgboost.log"
        log.write_text(f"not JSON\n{json.dumps(line)}\n")
        assert _logged(log, "2", "1", "error-rate") is found


class TestMissingScores:
    @pytest.mark.parametrize(
        ("outcome", "degraded", "hidden"),
        [
            ("scored", (), 0),
            (None, (), 0),
            ("failed", ("MODEL_XGBOOST_UNAVAILABLE",), 0),
            ("failed", ("MODEL_AUTOENCODER_UNAVAILABLE",), 1),
            ("timed_out", (), 1),
        ],
    )
    def test_are_named_by_their_decision(self, outcome, degraded, hidden):
        traffic = Traffic(None, "xgboost")
        traffic.decided.append(Decided("d", 0.0, outcome, "1", degraded))
        assert _unmarked(traffic) == hidden
