import pytest

from fraud_decision.telemetry import SHADOW
from fraud_shared.contracts.decision import Ruling, Verdict
from fraud_shared.testing.asgi import client


class TestDecide:
    async def test_answers_with_a_ruling(self, app, make_request):
        async with client(app) as http:
            reply = await http.post(
                "/decide", content=make_request(risk=0.9).model_dump_json()
            )
        assert reply.status_code == 200
        ruling = Ruling.model_validate_json(reply.content)
        assert ruling.decision is Verdict.DECLINE
        assert ruling.policy.startswith("default@4+")

    async def test_names_the_field_of_a_bad_request(self, app, make_request):
        body = make_request().model_dump(mode="json") | {"amount_ref_minor": -1}
        async with client(app) as http:
            reply = await http.post("/decide", json=body)
        assert reply.status_code == 422
        assert [e["field"] for e in reply.json()["errors"]] == ["amount_ref_minor"]

    async def test_needs_a_service_token(self, app, make_request):
        async with client(app, authenticated=False) as http:
            for path in ("/decide", "/v1/policies", "/v1/policies/2/promote"):
                reply = await http.post(path, content=make_request().model_dump_json())
                assert reply.status_code == 401


@pytest.fixture
def stricter(file):
    """The next version, which challenges every payment above a risk of 0."""
    text = file.read_text().replace("version: 4", "version: 5", 1)
    return text.replace(
        "- {from: 0.0, allow: [APPROVE]}\n    - {from: 0.20,",
        "- {from: 0.0, allow: [CHALLENGE]}\n    - {from: 0.20,",
    )


class TestLifeCycle:
    async def test_takes_two_people_and_reaches_every_replica(
        self, make_app, sql_url, sql_schema, person, stricter, make_request
    ):
        apps = [make_app(sql_url, sql_schema) for _ in range(3)]
        request, why = make_request(), {"why": "a wave of fraud"}
        async with client(apps[0]) as http:
            others = [app.state.service for app in apps[1:]]
            for service in others:
                await service.start()
            draft = {"text": stricter} | why
            promote = "/v1/policies/5/promote"
            await http.post("/v1/policies", json=draft, headers=person("anna"))
            asked = await http.post(promote, json=why, headers=person("anna"))
            own = await http.post(promote, json=why, headers=person("anna"))
            assert (asked.status_code, own.status_code) == (202, 409)
            assert own.json()["type"].endswith("second-person-required")
            done = await http.post(promote, json=why, headers=person("ben"))
            assert done.json()["outcome"] == "live"
            for service in others:
                await service.refresh()
                assert service.decide(request).decision is Verdict.CHALLENGE
            reply = await http.post("/decide", content=request.model_dump_json())
            assert reply.json()["decision"] == "CHALLENGE"
            back = {"to": 4, "why": "it is over"}
            await http.post("/v1/policies/rollback", json=back, headers=person("ben"))
            for service in others:
                await service.refresh()
                assert service.decide(request).decision is Verdict.APPROVE
                await service.db.stop()

    async def test_a_policy_in_shadow_is_counted_and_never_rules(
        self, app, person, stricter, make_request
    ):
        counted = SHADOW.labels("APPROVE", "CHALLENGE")._value
        before, why = counted.get(), {"why": "let us see"}
        async with client(app) as http:
            draft = {"text": stricter} | why
            await http.post("/v1/policies", json=draft, headers=person("anna"))
            await http.post("/v1/policies/5/shadow", json=why, headers=person("anna"))
            reply = await http.post("/decide", content=make_request().model_dump_json())
        assert reply.json()["decision"] == "APPROVE"
        assert counted.get() == before + 1

    async def test_a_bad_policy_is_refused_with_its_line(self, app, file, make_request):
        bad = file.read_text().replace("allow: [DECLINE]", "allow: [REFUSE]", 1)
        async with client(app) as http:
            before = (await http.get("/v1/policies/live")).json()["document"]
            reply = await http.post("/v1/policies/check", json={"text": bad})
            assert reply.status_code == 422
            assert reply.json()["type"] == "urn:fraud:problem:policy-invalid"
            error = reply.json()["errors"][0]
            assert error["field"] == "risk.bands.3.allow.0"
            assert error["problem"].startswith("line 20: ")
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
