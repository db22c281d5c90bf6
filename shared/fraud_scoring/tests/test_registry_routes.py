import json
from datetime import UTC, datetime

import pytest

from fraud_scoring.registry.storage import Storage
from fraud_scoring.testing import linear_draft, release

LATER = datetime(2026, 3, 9, 12, tzinfo=UTC)


def record(run, **fields):
    at = "2026-03-02T12:00:00Z"
    values = {
        "run": run,
        "trigger": "by hand",
        "outcome": "kept",
        "reasons": ["not shown to be better"],
        "started_at": at,
        "finished_at": at,
        "data_version": "v1",
        "as_of": at,
        "test_from": None,
        "rows": 1000,
        "fraud": 50,
        "bundle": "bundle-2",
        "champion": {"xgboost": "20260302.1"},
        "challenger": {"xgboost": "20260302.2"},
        "checks": [],
        "metrics": {"xgboost": {"roc_auc": 0.9}},
        "events": [],
        "seed": 1,
    }
    return json.dumps({**values, **fields}).encode()


@pytest.fixture
def runs(tmp_path):
    """Keeps records where the scorer's registry is."""
    storage = Storage(str(tmp_path / "var" / "registry" / "retraining"))
    return lambda run, data: storage.put(f"{run}/record.json", data)


class TestModels:
    async def test_names_each_alias_with_its_bundle_and_figures(self, memory, start):
        first = release(memory)
        made = memory.publish(linear_draft((1.0, 1.0, 0.0), bundle="b-2"), now=LATER)
        version = made.manifest.version
        memory.promote("xgboost", version, "challenger", now=LATER)
        async with start() as http:
            listed = (await http.get("/v1/registry/models")).json()
        assert listed["champion"] == "bundle-1"
        champion, challenger = listed["models"]
        assert (champion["alias"], challenger["alias"]) == ("champion", "challenger")
        assert (champion["version"], champion["hash"]) == (
            first.manifest.version,
            first.hash,
        )
        assert champion["metrics"] == {"roc_auc": 0.9}
        assert champion["trained_at"] == "2026-03-02T12:00:00Z"
        assert (challenger["version"], challenger["bundle"]) == (version, "b-2")
        assert [(b["bundle"], b["state"]) for b in listed["bundles"]] == [
            ("bundle-1", "champion"),
            ("b-2", "challenger"),
        ]

    async def test_follows_a_promotion_and_remembers_the_former(self, memory, start):
        release(memory)
        made = memory.publish(linear_draft((1.0, 1.0, 0.0), bundle="b-2"), now=LATER)
        async with start() as http:
            await http.get("/v1/registry/models")
            memory.promote("xgboost", made.manifest.version, "champion", now=LATER)
            listed = (await http.get("/v1/registry/models")).json()
        assert (listed["champion"], listed["models"][0]["hash"]) == ("b-2", made.hash)
        assert [(b["bundle"], b["state"]) for b in listed["bundles"]] == [
            ("b-2", "champion"),
            ("bundle-1", "former"),
        ]

    async def test_says_of_an_artefact_that_is_not_genuine_why(self, memory, start):
        made = release(memory)
        place = f"xgboost/{made.manifest.version}/weights.json"
        memory._storage.put(place, b"[9.0, 9.0, 9.0]")
        async with start() as http:
            (one,) = (await http.get("/v1/registry/models")).json()["models"]
            card = await http.get(
                f"/v1/registry/models/xgboost/{made.manifest.version}/card"
            )
        assert (one["problem"], one["metrics"]) == ("content-mismatch", {})
        assert card.status_code == 404

    async def test_an_empty_registry_has_no_champion(self, start):
        async with start() as http:
            listed = (await http.get("/v1/registry/models")).json()
        assert listed == {"champion": None, "models": [], "bundles": []}


class TestCard:
    async def test_a_version_that_does_not_serve_has_its_card(self, memory, start):
        release(memory)
        version = memory.publish(linear_draft(), now=LATER).manifest.version
        async with start() as http:
            card = await http.get(f"/v1/registry/models/xgboost/{version}/card")
        assert card.json()["model_card"] == "# Model card\n"
        assert card.json()["metadata"]["training"]["data_version"] == "data-1"

    @pytest.mark.parametrize("path", ["other/1", "xgboost/1", "xgboost/..%5C.."])
    async def test_an_unknown_version_is_not_found(self, memory, start, path):
        release(memory)
        async with start() as http:
            reply = await http.get(f"/v1/registry/models/{path}/card")
        assert reply.status_code == 404


class TestRetrainings:
    async def test_come_newest_first_in_pages(self, runs, start):
        for day in (1, 3, 2):
            runs(f"2026030{day}t", record(f"2026030{day}t"))
        async with start() as http:
            path = "/v1/registry/retrainings"
            one = (await http.get(path, params={"limit": 2})).json()
            rest = (await http.get(path, params={"cursor": one["next_cursor"]})).json()
        assert [r["run"] for r in one["items"]] == ["20260303t", "20260302t"]
        assert [r["run"] for r in rest["items"]] == ["20260301t"]
        assert rest["next_cursor"] is None

    async def test_leave_out_what_is_no_record(self, runs, start):
        runs("broken", b"{")
        runs("renamed", record("another"))
        runs("20260301t", record("20260301t"))
        async with start() as http:
            found = (await http.get("/v1/registry/retrainings")).json()["items"]
        assert [r["run"] for r in found] == ["20260301t"]

    async def test_with_models_in_mlflow_lie_elsewhere(self, start):
        async with start(registry_uri="mlflow+http://127.0.0.1:9") as http:
            reply = await http.get("/v1/registry/retrainings")
        assert reply.status_code == 404


async def test_the_registry_is_read_for_services_only(start):
    async with start() as http:
        del http.headers["authorization"]
        replies = [
            await http.get(f"/v1/registry/{path}")
            for path in ("models", "models/xgboost/1/card", "retrainings")
        ]
    assert [reply.status_code for reply in replies] == [401, 401, 401]
