"""Evaluating over HTTP, and starting."""

import pytest

from fraud_rules.app import create_app
from fraud_rules.settings import Settings
from fraud_shared.contracts.signal import RulesRequest, RulesResult
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.testing.factories import make_transaction, make_vector


@pytest.fixture
def body(make_features):
    request = RulesRequest(
        transaction=make_transaction(amount_minor=200_000), features=make_features()
    )
    return request.model_dump_json()


class TestEvaluate:
    async def test_answers_with_the_hits(self, app, body):
        async with client(app) as http:
            reply = await http.post("/evaluate", content=body)
        assert reply.status_code == 200
        result = RulesResult.model_validate_json(reply.content)
        assert result.rules_flag == "FLAG"
        assert [hit.rule for hit in result.hits] == ["R-001@1"]
        assert result.ruleset.startswith("bank@1+")

    async def test_refuses_features_of_another_set(self, app):
        request = RulesRequest(transaction=make_transaction(), features=make_vector())
        async with client(app) as http:
            reply = await http.post("/evaluate", content=request.model_dump_json())
        assert reply.status_code == 409
        assert reply.json()["type"] == "urn:fraud:problem:feature-set-mismatch"

    async def test_needs_a_service_token(self, app, body):
        paths = (
            "/evaluate",
            "/v1/rulesets",
            "/v1/rulesets/check",
            "/v1/rulesets/2/promote",
            "/v1/lists/deny/entries",
            "/v1/snoozes",
        )
        async with client(app, authenticated=False) as http:
            for path in paths:
                assert (await http.post(path, content=body)).status_code == 401

    async def test_changes_need_a_client_behind_the_service(self, app, ruleset):
        async with client(app) as http:
            draft = {"text": ruleset, "why": "x"}
            reply = await http.post("/v1/rulesets", json=draft)
        assert reply.status_code == 403


class TestStarting:
    async def test_is_ready_once_the_rules_are_loaded(self, app):
        async with client(app) as http:
            reply = await http.get("/readyz")
        assert reply.status_code == 200
        assert reply.json()["checks"]["ruleset"] is True

    async def test_stops_on_a_bad_ruleset(self, app, file):
        file.write_text("{}")
        with pytest.raises(Exception, match="ruleset-invalid"):
            async with client(app):
                pass

    async def test_is_not_ready_without_a_store(self, file, tmp_path, body):
        settings = Settings(
            token_key=TEST_TOKEN_KEY,
            ruleset=file,
            var_dir=tmp_path,
            database_url="postgresql://nobody@127.0.0.1:1/none",
        )
        async with client(create_app(settings)) as http:
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.post("/evaluate", content=body)).status_code == 503


class TestSeed:
    async def test_another_file_becomes_a_draft_and_nothing_more(
        self, make_app, file, ruleset, body
    ):
        async with client(make_app()) as http:
            before = (await http.post("/evaluate", content=body)).json()["ruleset"]
        file.write_text(ruleset.replace("version: 1\nrules", "version: 2\nrules"))
        async with client(make_app()) as http:
            after = (await http.post("/evaluate", content=body)).json()["ruleset"]
            versions = (await http.get("/v1/rulesets")).json()["items"]
        assert before == after
        found = [(v["version"], v["state"], v["author"]) for v in versions]
        assert found == [(2, "draft", "system/file"), (1, "live", "system/seed")]
