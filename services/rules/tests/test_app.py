import pytest

from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_rules.app import create_app
from fraud_rules.settings import Settings
from fraud_shared.contracts.signal import RulesRequest, RulesResult
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.testing.factories import make_transaction, make_vector


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_bytes(DEFAULT_RULESET.read_bytes())
    return path


@pytest.fixture
def app(file, tmp_path):
    return create_app(
        Settings(token_key=TEST_TOKEN_KEY, ruleset=file, var_dir=tmp_path)
    )


@pytest.fixture
def body(make_features):
    request = RulesRequest(
        transaction=make_transaction(account_id="acc-denied-0001"),
        features=make_features(),
    )
    return request.model_dump_json()


class TestEvaluate:
    async def test_answers_with_the_hits(self, app, body):
        async with client(app) as http:
            reply = await http.post("/evaluate", content=body)
        assert reply.status_code == 200
        result = RulesResult.model_validate_json(reply.content)
        assert result.rules_flag == "BLOCK"
        assert [hit.rule for hit in result.hits] == ["R-001@1"]

    async def test_refuses_features_of_another_set(self, app):
        request = RulesRequest(transaction=make_transaction(), features=make_vector())
        async with client(app) as http:
            reply = await http.post("/evaluate", content=request.model_dump_json())
        assert reply.status_code == 409
        assert reply.json()["type"] == "urn:fraud:problem:feature-set-mismatch"

    async def test_needs_a_service_token(self, app, body):
        async with client(app, authenticated=False) as http:
            for path in ("/evaluate", "/v1/rulesets/reload", "/v1/rulesets/validate"):
                assert (await http.post(path, content=body)).status_code == 401


class TestRulesets:
    async def test_shows_rules_with_versions_and_states(self, app):
        async with client(app) as http:
            shown = (await http.get("/v1/rulesets")).json()
        assert shown["ruleset"] == f"default@1+{shown['hash'][:8]}"
        assert {rule["state"] for rule in shown["rules"]} == {"draft", "shadow", "live"}
        assert shown["lists"]["denied_cards"] == 1
        assert "card-denied-0001" not in str(shown)

    async def test_reload_flips_to_the_changed_file(self, app, file, body):
        async with client(app) as http:
            file.write_bytes(file.read_bytes().replace(b"acc-denied-0001, ", b"", 1))
            reloaded = (await http.post("/v1/rulesets/reload")).json()
            result = (await http.post("/evaluate", content=body)).json()
        assert result["rules_flag"] == "ALLOW"
        assert result["ruleset"] == reloaded["ruleset"]

    async def test_a_bad_file_is_refused_and_the_old_rules_stay(self, app, file, body):
        async with client(app) as http:
            file.write_bytes(
                file.read_bytes().replace(
                    b"account_count_5m >= 5", b"account_cuont > 5"
                )
            )
            refused = await http.post("/v1/rulesets/reload")
            assert refused.status_code == 422
            (error,) = refused.json()["errors"]
            assert error["field"] == "R-010"
            assert "account_cuont" in error["problem"]
            file.unlink()
            assert (await http.post("/v1/rulesets/reload")).status_code == 422
            result = (await http.post("/evaluate", content=body)).json()
        assert result["rules_flag"] == "BLOCK"

    async def test_validate_checks_and_changes_nothing(self, app):
        good = DEFAULT_RULESET.read_bytes().replace(b"version: 1", b"version: 9", 1)
        async with client(app) as http:
            before = (await http.get("/v1/rulesets")).json()["ruleset"]
            checked = await http.post("/v1/rulesets/validate", content=good)
            assert checked.json()["ruleset"].startswith("default@9+")
            bad = await http.post("/v1/rulesets/validate", content=b"name: x")
            assert bad.status_code == 422
            assert {"version", "rules"} <= {e["field"] for e in bad.json()["errors"]}
            assert (await http.get("/v1/rulesets")).json()["ruleset"] == before


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
