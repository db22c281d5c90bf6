import pytest

from fraud_scoring.testing import NOW, linear_draft, linear_request, release
from fraud_shared.contracts.events import MODEL_PROMOTED

ROW = {"amount": 1.0, "velocity": None, "age": 0.0}


async def predict(http, *instances, model="xgboost"):
    return await http.post(
        "/v1/predict", json={"model": model, "instances": list(instances)}
    )


def errors(reply):
    assert reply.status_code == 422
    return [e["field"] for e in reply.json()["errors"]]


class TestPredict:
    async def test_scores_named_rows_as_score_does(self, memory, start):
        made = release(memory)
        async with start() as http:
            reply = (await predict(http, ROW, {**ROW, "amount": 99})).json()
            signal = (
                await http.post("/score", json=linear_request(1.0, None, 0.0))
            ).json()
        first, second = reply["predictions"]
        assert reply["model"] == made.ref.model_dump()
        assert first["score"] == signal["score"]
        assert first["raw"] == signal["raw"]
        assert (first["ood_warning"], second["ood_warning"]) == (False, True)
        assert second["ood_features"] == ["amount"]

    async def test_each_wrong_field_is_named(self, memory, start):
        release(memory)
        async with start() as http:
            reply = await predict(http, ROW, {"amount": "1", "velocity": 1, "x": 2})
        assert errors(reply) == [
            "instances.1.amount",
            "instances.1.age",
            "instances.1.x",
        ]

    async def test_an_array_is_the_row_in_the_order_of_the_registry(
        self, memory, start
    ):
        made = release(memory)
        columns = made.metadata.features
        assert set(columns) == set(ROW)
        async with start() as http:
            named = await predict(http, ROW, {**ROW, "amount": 99})
            bare = await predict(
                http, *[[r[c] for c in columns] for r in (ROW, {**ROW, "amount": 99})]
            )
        assert bare.status_code == 200
        assert bare.json() == named.json()

    @pytest.mark.parametrize("wrong", ["1", True, [1], {"x": 1}])
    async def test_what_is_no_number_is_named_by_row_and_feature(
        self, memory, start, wrong
    ):
        columns = release(memory).metadata.features
        async with start() as http:
            reply = await predict(http, [1.0, None, 0.0], [1.0, 2.0, wrong])
        assert errors(reply) == [f"instances.1.{columns[2]}"]

    @pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999"])
    async def test_an_array_holds_finite_numbers(self, memory, start, token):
        columns = release(memory).metadata.features
        body = f'{{"model": "xgboost", "instances": [[1.0, {token}, 0.0]]}}'
        async with start() as http:
            reply = await http.post("/v1/predict", content=body)
        assert errors(reply) == [f"instances.0.{columns[1]}"]

    @pytest.mark.parametrize("count", [0, 2, 4])
    async def test_an_array_of_another_length_is_named(self, memory, start, count):
        release(memory)
        async with start() as http:
            reply = await predict(http, ROW, [1.0] * count)
        assert errors(reply) == ["instances.1"]

    async def test_what_was_sent_is_not_repeated(self, memory, start):
        release(memory)
        async with start() as http:
            reply = await predict(http, {**ROW, "4111111111111111": "hunter2"})
        assert reply.status_code == 422
        assert "4111" not in reply.text
        assert "hunter2" not in reply.text

    async def test_a_model_of_another_service_is_not_found(self, memory, start):
        release(memory)
        async with start() as http:
            assert (await predict(http, ROW, model="other")).status_code == 404

    @pytest.mark.parametrize("count", [0, 1001])
    async def test_one_to_a_thousand(self, memory, start, count):
        release(memory)
        async with start() as http:
            assert (await predict(http, *[ROW] * count)).status_code == 422


class TestLivingSchema:
    async def test_another_registry_is_another_schema_and_openapi(self, memory, start):
        release(memory)
        async with start() as http:
            before = (await http.get("/openapi.json")).json()
            assert (await predict(http, ROW)).status_code == 200
            release(
                memory,
                hours=1,
                features=("Amount", "ProductCD", "DeviceType"),
                categories={"ProductCD": ("W", "H"), "DeviceType": ("mobile",)},
                feature_hash="e" * 64,
            )
            await http.post("/v1/refresh")
            after = (await http.get("/openapi.json")).json()
            old = await predict(http, ROW)
            new = await predict(
                http, {"Amount": 2, "ProductCD": "H", "DeviceType": None}
            )
            info = (await http.get("/v1/model")).json()["models"][0]["current"]

        def row(document):
            return document["components"]["schemas"]["XgboostInstance"]["properties"]

        assert set(row(before)) == set(ROW)
        assert set(row(after)) == {"Amount", "ProductCD", "DeviceType"}
        assert set(info["instance"]["properties"]) == set(row(after))
        assert new.status_code == 200
        assert set(errors(old)) == {
            f"instances.0.{name}" for name in (*ROW, *row(after))
        }

    async def test_without_models_it_is_the_committed_one(self, start):
        async with start() as http:
            document = (await http.get("/openapi.json")).json()
        listed = document["components"]["schemas"]["PredictRequest"]["properties"]
        forms = listed["instances"]["items"]["anyOf"]
        assert [form["type"] for form in forms] == ["object", "array"]


BODY = {
    "features": [1.0, None, 0.0],
    "feature_names": ["amount", "velocity", "age"],
    "request_id": "test-123",
}


class TestNamedRows:
    async def test_the_reply_has_the_documented_names(self, memory, start):
        made = release(memory)
        async with start(named_rows=True) as http:
            reply = (await http.post("/score", json=BODY)).json()
            signal = (
                await http.post("/score", json=linear_request(1.0, None, 0.0))
            ).json()
        assert reply["confidence_score"] == signal["score"]
        assert reply["model_version"] == made.manifest.version
        assert reply["model_hash"] == made.hash
        assert reply["calibration_version"].startswith("isotonic-")
        assert isinstance(reply["inference_time_ms"], int)
        assert reply["request_id"] == "test-123"
        assert reply["top_features"] == [
            {
                "feature_name": "amount",
                "feature_value": 1.0,
                "importance": pytest.approx(1 / 3),
                "contribution": 0.5,
            }
        ]

    async def test_the_model_is_the_one_with_these_features(self, memory, start):
        release(memory)
        loan = release(memory, name="auto_loan", features=("a", "b", "c"))
        async with start(models=("xgboost", "auto_loan"), named_rows=True) as http:
            body = {**BODY, "feature_names": ["c", "a", "b"]}
            reply = await http.post("/score", json=body)
        assert reply.json()["model_hash"] == loan.hash

    async def test_a_batch_is_a_list(self, memory, start):
        release(memory)
        rows = [{**BODY, "request_id": f"r{n}"} for n in range(3)]
        async with start(named_rows=True) as http:
            reply = await http.post("/score_batch", json=rows)
        assert [r["request_id"] for r in reply.json()] == ["r0", "r1", "r2"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"features": [1.0]}, "features"),
            ({"feature_names": ["amount", "amount", "age"]}, "feature_names"),
            ({"feature_names": ["amount", "speed", "age"]}, "features.speed"),
            ({"features": [1.0, "x", 2.0]}, "features.velocity"),
            ({"more": 1}, "more"),
            ({"request_id": 7}, "request_id"),
        ],
    )
    async def test_mistakes_are_named(self, memory, start, change, field):
        release(memory)
        wrong = {**BODY, **change}
        async with start(named_rows=True) as http:
            one = await http.post("/score", json=wrong)
            many = await http.post("/score_batch", json=[BODY, wrong])
        named = errors(one)
        assert field in named
        assert errors(many) == [f"1.{name}" for name in named]


class TestPromotionEvent:
    def event(self, made, **data):
        return {
            "id": "e-1",
            "source": "/ops",
            "type": MODEL_PROMOTED,
            "subject": "xgboost",
            "time": "2026-03-02T12:00:00Z",
            "data": {
                "name": "xgboost",
                "version": made.manifest.version,
                "alias": "champion",
                "bundle": "bundle-1",
                **data,
            },
        }

    async def test_the_named_model_is_looked_up_at_once(self, memory, start):
        release(memory)
        async with start(watch_seconds=3600) as http:
            made = release(memory, (2.0, 1.0, 0.0), hours=1)
            accepted = await http.post("/v1/events", json=[self.event(made)])
            signal = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
        assert accepted.status_code == 204
        assert signal.json()["model"]["hash"] == made.hash

    async def test_it_says_when_to_look_not_at_what(self, memory, start):
        first = release(memory)
        second = memory.publish(linear_draft((2.0, 1.0, 0.0)), now=NOW)
        async with start(watch_seconds=3600) as http:
            await http.post("/v1/events", json=[self.event(second)])
            signal = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
        assert signal.json()["model"]["hash"] == first.hash

    async def test_a_model_of_another_service_is_passed_over(self, memory, start):
        made = release(memory)
        async with start() as http:
            event = self.event(made, name="other")
            reply = await http.post("/v1/events", json=[event])
        assert reply.status_code == 204
