"""Card payments as components: one figure each, from a model that may be away."""

import json
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from fraud_shared.mesh.errors import DependencyUnreachable
from fraud_shared.testing.factories import make_model

ONE, MANY = "/v1/fraud-score", "/v1/fraud-score/batch"
COLUMNS = ("Time", *(f"V{number}" for number in range(1, 29)), "Amount")
ROW = {name: 0.5 for name in COLUMNS}


@dataclass
class CardModel:
    """An xgboost service that hosts `credit_card`: Amount is the score in percent. What a
    row must hold is decided by its `columns` alone."""

    otherwise: Any
    slots: tuple[str, ...] = ("xgboost", "credit_card")
    loaded: bool = True
    scores: bool = True
    columns: tuple[str, ...] = COLUMNS
    rows: list[Any] = field(default_factory=list)

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/v1/model":
            models = [{"name": name, "current": self._current()} for name in self.slots]
            return 200, json.dumps({"service": "xgboost", "models": models}).encode()
        if path != "/v1/predict":
            answer: tuple[int, bytes] = await self.otherwise(path, body)
            return answer
        request = json.loads(body)
        assert request["model"] == "credit_card"
        errors = [
            {"field": f"instances.{number}.{name}", "problem": problem}
            for number, row in enumerate(request["instances"])
            for name, problem in self._problems(row)
        ]
        if errors:
            return 422, json.dumps({"status": 422, "errors": errors}).encode()
        self.rows = request["instances"]
        if not self.loaded:
            return 503, b"{}"
        model = make_model("credit_card").model_dump()
        found = [self._prediction(row) for row in self.rows]
        return 200, json.dumps({"model": model, "predictions": found}).encode()

    def _problems(self, row: dict[str, Any]) -> list[tuple[str, str]]:
        missing = [(name, "Field required") for name in self.columns if name not in row]
        return missing + [
            (name, "not as documented")
            for name, value in row.items()
            if name not in self.columns
            # Unknown to this model as to any other.
            or not (value is None or _finite(value))
        ]

    def _current(self) -> dict[str, Any] | None:
        if not self.loaded:
            return None
        numbers = {"anyOf": [{"type": "number"}, {"type": "null"}]}
        instance = {
            "type": "object",
            "additionalProperties": False,
            "required": list(self.columns),
            "properties": dict.fromkeys(self.columns, numbers),
        }
        reference = make_model("credit_card").model_dump()
        return {"ref": reference, "instance": instance}

    def _prediction(self, row: dict[str, float]) -> dict[str, Any]:
        score = min(1.0, (row["Amount"] or 0) / 100) if self.scores else None
        odd = [name for name in ("V1", "V2") if abs(row.get(name) or 0.0) > 3]
        return {
            "score": score,
            "raw": {},
            "ood_warning": bool(odd),
            "ood_features": odd,
        }


def _finite(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False


def card_model(run: Any, **fields: Any) -> CardModel:
    """Put a card model in the place of the plain fake."""
    model = CardModel(run.transport.responders["xgboost"], **fields)
    run.transport.responders["xgboost"] = model
    return model


class TestOne:
    async def test_the_fields_are_named_as_documented(self, start: Any) -> None:
        async with start() as run:
            model = card_model(run)
            reply = await run.http.post(ONE, json={**ROW, "Amount": 12.3456})
        assert reply.status_code == 200
        assert reply.json() == {
            "fraud-score": 12,
            "is-fraud": False,
            "model-version": make_model("credit_card").version,
            "model-hash": make_model("credit_card").hash,
            "ood_warning": False,
        }
        assert model.rows == [{**ROW, "Amount": 12.3456}]

    @pytest.mark.parametrize(
        ("threshold", "amount", "fraud"),
        [(50, 49.4, False), (50, 50.0, True), (50, 49.6, True), (12, 12.3, True)],
    )
    async def test_the_figure_that_is_shown_is_judged(
        self, start: Any, threshold: float, amount: float, fraud: bool
    ) -> None:
        async with start(fraud_threshold=threshold) as run:
            card_model(run)
            reply = await run.http.post(ONE, json={**ROW, "Amount": amount})
        assert reply.json()["is-fraud"] is fraud
        assert (reply.json()["fraud-score"] >= threshold) is fraud

    async def test_the_threshold_comes_from_the_environment(
        self, start: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FRAUD_THRESHOLD", "1.5")
        async with start() as run:
            card_model(run)
            reply = await run.http.post(ONE, json={**ROW, "Amount": 2.0})
        assert reply.json()["is-fraud"] is True

    async def test_strange_inputs_are_warned_of(self, start: Any) -> None:
        async with start() as run:
            card_model(run)
            reply = await run.http.post(ONE, json={**ROW, "V2": -3.5})
        assert reply.json()["ood_warning"] is True


class TestPublishedExample:
    """The credit-card API prints four of the thirty fields of the first payment of the
    well-known data set, and says that all of them are required."""

    SHORT: ClassVar = {"Time": 0, "V1": -1.3598, "V2": -0.0728, "Amount": 149.62}
    REST = (
        2.5363, 1.3782, -0.3383, 0.4624, 0.2396, 0.0987, 0.3638, 0.0908, -0.5516,
        -0.6178, -0.9914, -0.3112, 1.4682, -0.4704, 0.2080, 0.0258, 0.4040, 0.2514,
        -0.0183, 0.2778, -0.1105, 0.0669, 0.1285, -0.1891, 0.1336, -0.0211,
    )  # fmt: skip

    async def test_the_whole_payment(self, start: Any) -> None:
        rest = {f"V{n}": v for n, v in enumerate(self.REST, 3)}
        async with start() as run:
            model = card_model(run)
            reply = await run.http.post(ONE, json={**self.SHORT, **rest})
        assert reply.status_code == 200
        found = reply.json()
        assert isinstance(found["fraud-score"], int)
        assert isinstance(found["is-fraud"], bool)
        assert isinstance(found["model-version"], str)
        assert model.rows[0]["V1"] == -1.3598

    async def test_as_printed_it_names_the_missing_fields(self, start: Any) -> None:
        async with start() as run:
            card_model(run)
            reply = await run.http.post(ONE, json=self.SHORT)
        assert reply.status_code == 422
        named = [error["field"] for error in reply.json()["errors"]]
        assert named == [f"V{n}" for n in range(3, 29)]


class TestRefusals:
    @pytest.mark.parametrize("path", [ONE, MANY])
    async def test_no_key_is_forbidden(self, start: Any, path: str) -> None:
        async with start() as run:
            del run.http.headers["x-api-key"]
            reply = await run.http.post(path, json=ROW)
        assert reply.status_code == 403

    @pytest.mark.parametrize("path", [ONE, MANY])
    async def test_another_scope_is_forbidden(self, start: Any, path: str) -> None:
        async with start(scopes=["read", "label", "admin"]) as run:
            assert (await run.http.post(path, json=ROW)).status_code == 403

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("V5", "NaN"),
            ("Time", "Infinity"),
            ("Amount", "-Infinity"),
            ("V28", "1e999"),
            ("V27", "9" * 400),
            ("V1", "null"),
            ("V2", '"0.5"'),
            ("V3", "true"),
            ("V4", None),
            ("V29", "0.5"),
        ],
    )
    async def test_what_is_no_number_is_named(
        self, start: Any, name: str, text: str | None
    ) -> None:
        parts = {key: "0.5" for key in ROW}
        if text is None:
            del parts[name]
        else:
            parts[name] = text
        row = "{" + ", ".join(f'"{key}": {value}' for key, value in parts.items()) + "}"
        async with start() as run:
            card_model(run)
            one = await run.http.post(ONE, content=row)
            many = await run.http.post(
                MANY, content=f'{{"transactions": [{json.dumps(ROW)}, {row}]}}'
            )
        assert (one.status_code, many.status_code) == (422, 422)
        assert [e["field"] for e in one.json()["errors"]] == [name]
        assert [e["field"] for e in many.json()["errors"]] == [f"transactions.1.{name}"]

    async def test_all_that_is_wrong_is_named_at_once(self, start: Any) -> None:
        row: dict[str, Any] = {**ROW, "V1": None, "V2": "x", "V29": 1}
        del row["V3"]
        async with start() as run:
            card_model(run)
            reply = await run.http.post(ONE, json=row)
        named = {error["field"] for error in reply.json()["errors"]}
        assert named == {"V1", "V2", "V3", "V29"}


class TestAnotherRegistry:
    """A promoted model with other features: the routes follow it as they are."""

    COLUMNS: ClassVar = ("Amount", "V1", "Country")

    async def test_its_features_are_taken_and_the_old_ones_refused(
        self, start: Any
    ) -> None:
        row = {"Amount": 50.0, "V1": 0.5, "Country": 7}
        async with start() as run:
            model = card_model(run, columns=self.COLUMNS)
            one = await run.http.post(ONE, json=row)
            many = await run.http.post(MANY, json={"transactions": [row, row]})
            old = await run.http.post(ONE, json=ROW)
        assert model.rows == [row, row]
        assert one.json()["fraud-score"] == 50
        assert len(many.json()["results"]) == 2
        assert old.status_code == 422
        named = {error["field"] for error in old.json()["errors"]}
        assert named == {"Country", *COLUMNS} - {"Amount", "V1"}

    async def test_so_does_the_documentation(self, start: Any) -> None:
        async with start() as run:
            model = card_model(run)
            documents = []
            for columns in (COLUMNS, self.COLUMNS):
                model.columns = columns
                await run.http.post("/v1/admin/refresh-models")
                await run.http.get("/v1/version")
                document = (await run.http.get("/openapi.json")).json()
                documents.append(document["components"]["schemas"])
        for schemas, columns in zip(documents, (COLUMNS, self.COLUMNS), strict=True):
            row = schemas["CardRow"]
            assert row["required"] == list(columns)
            assert row["properties"]["Amount"] == {"type": "number"}
            many = schemas["CardRows"]["properties"]["transactions"]
            assert many["items"] == {"$ref": "#/components/schemas/CardRow"}


class TestBatch:
    async def test_each_gets_its_own_result_in_order(self, start: Any) -> None:
        rows = [{**ROW, "Amount": n / 10} for n in range(1000)]
        rows[7] = {**rows[7], "V1": 9.0}
        async with start() as run:
            card_model(run)
            reply = await run.http.post(MANY, json={"transactions": rows})
        results = reply.json()["results"]
        assert [r["fraud-score"] for r in results] == [
            round(n / 10 / 100 * 100) for n in range(1000)
        ]
        assert [n for n, r in enumerate(results) if r["ood_warning"]] == [7]
        assert [r["is-fraud"] for r in results] == [
            round(n / 10 / 100 * 100) >= 50 for n in range(1000)
        ]

    @pytest.mark.parametrize("count", [0, 1001])
    async def test_one_to_a_thousand(self, start: Any, count: int) -> None:
        async with start() as run:
            model = card_model(run)
            reply = await run.http.post(MANY, json={"transactions": [ROW] * count})
        assert reply.status_code == 422
        assert model.rows == []


class TestModelAway:
    @pytest.mark.parametrize("path", [ONE, MANY])
    @pytest.mark.parametrize("slots", [("xgboost",), ("xgboost", "credit_card")])
    async def test_not_hosted_or_not_loaded(
        self, start: Any, path: str, slots: tuple[str, ...]
    ) -> None:
        body = ROW if path == ONE else {"transactions": [ROW]}
        async with start() as run:
            card_model(run, slots=slots, loaded=False)
            reply = await run.http.post(path, json=body)
        assert reply.status_code == 503
        assert reply.json()["type"] == "urn:fraud:problem:model-not-loaded"

    async def test_a_model_that_is_not_loaded_is_not_asked(self, start: Any) -> None:
        """Payments need the same service: its refusals would open their breaker."""
        async with start() as run:
            model = card_model(run, loaded=False)
            await run.http.post(ONE, json=ROW)
        assert model.rows == []

    @pytest.mark.parametrize("found", ["no JSON", "[]", "one too few"])
    async def test_an_answer_that_is_none(self, start: Any, found: str) -> None:
        async with start() as run:
            model = card_model(run)

            async def odd(path: str, body: bytes) -> tuple[int, bytes]:
                status, reply = await model(path, body)
                if path != "/v1/predict":
                    return status, reply
                if found != "one too few":
                    return status, found.encode()
                whole = json.loads(reply)
                return status, json.dumps({**whole, "predictions": []}).encode()

            run.transport.responders["xgboost"] = odd
            reply = await run.http.post(ONE, json=ROW)
        assert reply.status_code == 503
        assert reply.json()["type"] == "urn:fraud:problem:model-not-loaded"

    async def test_no_score_is_no_zero(self, start: Any) -> None:
        async with start() as run:
            card_model(run, scores=False)
            reply = await run.http.post(ONE, json=ROW)
        assert reply.status_code == 503
        assert "fraud-score" not in reply.json()

    async def test_a_silent_service(self, start: Any) -> None:
        async def silent(path: str, body: bytes) -> tuple[int, bytes]:
            raise DependencyUnreachable("xgboost")

        async with start() as run:
            run.transport.responders["xgboost"] = silent
            reply = await run.http.post(ONE, json=ROW)
        assert reply.status_code == 503
        assert reply.json()["type"] == "urn:fraud:problem:model-not-loaded"

    async def test_other_scorers_are_not_waited_for_once_it_is_known(
        self, start: Any
    ) -> None:
        async with start() as run:
            card_model(run)
            await run.http.post(ONE, json=ROW)
            del run.transport.responders["lightgbm"]
            run.transport.calls.clear()
            reply = await run.http.post(ONE, json=ROW)
            asked = {s for s, path in run.transport.calls if path == "/v1/model"}
        assert reply.status_code == 200
        assert asked <= {"xgboost"}
