import pytest

from fraud_decision.app import create_app
from fraud_decision.settings import Settings
from fraud_engines.policy.policy import DEFAULT_POLICY
from fraud_shared.contracts.decision import Ruling, Verdict
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_bytes(DEFAULT_POLICY.read_bytes())
    return path


@pytest.fixture
def app(file, tmp_path):
    return create_app(Settings(token_key=TEST_TOKEN_KEY, policy=file, var_dir=tmp_path))


class TestDecide:
    async def test_answers_with_a_ruling(self, app, make_request):
        async with client(app) as http:
            reply = await http.post(
                "/decide", content=make_request(risk=0.9).model_dump_json()
            )
        assert reply.status_code == 200
        ruling = Ruling.model_validate_json(reply.content)
        assert ruling.decision is Verdict.DECLINE

    async def test_names_the_field_of_a_bad_request(self, app, make_request):
        body = make_request().model_dump(mode="json") | {"amount_ref_minor": -1}
        async with client(app) as http:
            reply = await http.post("/decide", json=body)
        assert reply.status_code == 422
        assert [e["field"] for e in reply.json()["errors"]] == ["amount_ref_minor"]

    async def test_needs_a_service_token(self, app, make_request):
        async with client(app, authenticated=False) as http:
            for path in ("/decide", "/v1/policies/reload"):
                reply = await http.post(path, content=make_request().model_dump_json())
                assert reply.status_code == 401


class TestPolicies:
    async def test_shows_the_policy_in_force(self, app):
        async with client(app) as http:
            shown = (await http.get("/v1/policies")).json()
        assert shown["policy"] == f"default@3+{shown['hash'][:8]}"
        assert shown["document"]["risk"]["bands"][0] == {
            "from": 0.0,
            "allow": ["APPROVE"],
        }

    async def test_reload_flips_to_the_changed_file(self, app, file, make_request):
        async with client(app) as http:
            file.write_bytes(file.read_bytes().replace(b"version: 3", b"version: 4"))
            reply = await http.post("/v1/policies/reload")
            assert reply.json()["policy"].startswith("default@4+")
            decided = await http.post(
                "/decide", content=make_request().model_dump_json()
            )
            assert decided.json()["policy"] == reply.json()["policy"]

    async def test_a_bad_file_is_refused_and_the_old_policy_stays(
        self, app, file, make_request
    ):
        async with client(app) as http:
            before = (await http.get("/v1/policies")).json()["policy"]
            file.write_text("name: default")
            reply = await http.post("/v1/policies/reload")
            assert reply.status_code == 422
            assert reply.json()["type"] == "urn:fraud:problem:policy-invalid"
            assert "risk" in {e["field"] for e in reply.json()["errors"]}
            file.unlink()
            gone = await http.post("/v1/policies/reload")
            assert gone.status_code == 422
            decided = await http.post(
                "/decide", content=make_request().model_dump_json()
            )
            assert decided.json()["policy"] == before


class TestStarting:
    async def test_is_ready_once_the_policy_is_loaded(self, app):
        async with client(app) as http:
            reply = await http.get("/readyz")
        assert reply.status_code == 200
        assert reply.json()["checks"]["policy"] is True

    async def test_stops_on_a_bad_policy(self, app, file):
        file.write_text("{}")
        with pytest.raises(Exception, match="policy-invalid"):
            async with client(app):
                pass
