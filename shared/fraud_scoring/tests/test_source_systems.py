"""What clients and dashboards of the source systems ask a scorer."""

import pytest

from fraud_scoring.testing import linear_request, release

ROW = {"amount": 1.0, "velocity": None, "age": 0.0}
COLUMNS = list(ROW)
VALUES = list(ROW.values())


class TestInvocations:
    @pytest.mark.parametrize(
        "body",
        [
            {"dataframe_split": {"columns": COLUMNS, "data": [VALUES], "index": [0]}},
            {"dataframe_records": [ROW]},
            {"instances": [ROW]},
            {"inputs": [ROW]},
            {"inputs": {name: [value] for name, value in ROW.items()}},
            {"instances": [ROW], "params": {"model": "xgboost"}},
        ],
        ids=lambda body: "+".join(body),
    )
    async def test_every_form_scores_as_score_does(self, memory, start, body):
        release(memory)
        async with start() as http:
            reply = await http.post("/invocations", json=body)
            score = await http.post("/score", json=linear_request(1.0, None, 0.0))
        assert reply.status_code == 200, reply.text
        assert reply.json() == {"predictions": [score.json()["score"]]}

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"instances": [ROW], "inputs": [ROW]},
            {"instances": []},
            {"dataframe_split": {"columns": COLUMNS, "data": [[1.0]]}},
            {"inputs": {"amount": [1.0, 2.0], "velocity": [1.0], "age": [0.0]}},
        ],
        ids=["none", "two", "empty", "narrow", "ragged"],
    )
    async def test_anything_else_is_refused(self, memory, start, body):
        release(memory)
        async with start() as http:
            assert (await http.post("/invocations", json=body)).status_code == 422


class TestProbes:
    async def test_say_which_model_and_calibration_serve(self, memory, start):
        made = release(memory)
        async with start() as http:
            health = (await http.get("/health")).json()
            healthz = (await http.get("/healthz")).json()
        assert health["model_loaded"] is True
        assert healthz["model_version"] == made.ref.version
        assert healthz["calibration_version"]
        assert healthz["timestamp"]


async def test_metrics_have_the_names_of_the_source_systems(memory, start):
    release(memory)
    async with start() as http:
        await http.post("/score", json=linear_request(1.0, None, 0.0))
        text = (await http.get("/metrics")).text
    for name in (
        "predictions_total",
        "prediction_duration_seconds_bucket",
        "model_confidence_score_bucket",
    ):
        (line, *_) = [one for one in text.splitlines() if one.startswith(name + "{")]
        assert 'model="xgboost"' in text
        assert line
