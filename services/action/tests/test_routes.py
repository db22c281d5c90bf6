import json
import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError

from fraud_action.settings import Settings
from fraud_shared.contracts.events import ACTION_REQUESTED, CloudEvent, event_id
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.clocks import FakeClock


def queued(request, event_type: str = ACTION_REQUESTED) -> dict:
    event = CloudEvent(
        id=event_id(request.transaction_id, event_type),
        source="/fraud/orchestrator",
        type=event_type,
        subject=request.transaction_id,
        time=FakeClock().now(),
        data=request.model_dump(mode="json"),
    )
    return event.model_dump(mode="json", exclude_none=True)


async def post(http, path, body):
    return await http.post(
        path, content=body, headers={"content-type": "application/json"}
    )


class TestExecute:
    async def test_otp_from_execute_to_passed(self, world, request_for):
        async with world.http() as http:
            reply = await post(
                http, "/execute", request_for("otp_challenge").model_dump_json()
            )
            assert reply.status_code == 200
            ref = reply.json()["results"][0]["reference"]
            code = (await http.get(f"/v1/challenges/{ref}/development-code")).json()
            answer = await http.post(f"/v1/challenges/{ref}/verify", json=code)
            assert answer.json()["status"] == "passed"
            again = await http.post(f"/v1/challenges/{ref}/verify", json=code)
            assert again.status_code == 409
            assert again.json()["type"] == "urn:fraud:problem:challenge-closed"
        assert [event.type for event in world.bus.published] == [
            "fraud.challenge.resolved.v1"
        ]

    @pytest.mark.parametrize(
        "path", ["/v1/blocks", "/v1/holds", "/v1/cases", "/v1/parked"]
    )
    async def test_nothing_without_a_service_token(self, world, path):
        async with world.http() as http:
            http.headers.pop("authorization")
            assert (await http.get(path)).status_code == 401
            assert (await post(http, "/execute", "{}")).status_code == 401

    async def test_unknown_kind_is_refused(self, world, request_for):
        body = json.loads(request_for("case").model_dump_json())
        body["actions"] = ["launch"]
        async with world.http() as http:
            reply = await post(http, "/execute", json.dumps(body))
            assert reply.status_code == 422
            assert "launch" not in reply.text


class TestQueuedActions:
    async def test_event_and_request_make_one_effect(self, world, request_for):
        request = request_for("card_block", "case")
        async with world.http() as http:
            await post(http, "/execute", request.model_dump_json())
            for _ in range(2):
                reply = await http.post("/v1/events", json=[queued(request)])
                assert reply.status_code == 204
            assert len((await http.get("/v1/blocks")).json()["items"]) == 1
            assert len((await http.get("/v1/cases")).json()["items"]) == 1

    async def test_unknown_major_is_parked_and_replayed_corrected(
        self, world, request_for
    ):
        request = request_for("case")
        odd = queued(request, "fraud.action.requested.v2")
        async with world.http() as http:
            events = [odd, {"no": "event"}, queued(request_for("alert"))]
            assert (await http.post("/v1/events", json=events)).status_code == 204
            waiting = (await http.get("/v1/parked")).json()["items"]
            reasons = {event["reason"] for event in waiting}
            assert reasons == {"unknown_major", "no_cloud_event"}
            (parked,) = [e for e in waiting if e["reason"] == "unknown_major"]
            path = f"/v1/parked/{parked['parked_id']}/replay"
            assert (await http.post(path)).status_code == 422
            assert (await http.post(path, json=queued(request))).status_code == 200
            assert len((await http.get("/v1/cases")).json()["items"]) == 1
            assert len((await http.get("/v1/parked")).json()["items"]) == 1

    async def test_field_of_a_later_minor_version_is_ignored(self, world, request_for):
        event = queued(request_for("case"))
        event["data"]["invented_later"] = 1
        async with world.http() as http:
            await http.post("/v1/events", json=[event])
            assert len((await http.get("/v1/cases")).json()["items"]) == 1


class TestProduction:
    def test_otp_echo_is_refused(self):
        with pytest.raises(ValidationError, match="OTP_ECHO"):
            Settings(
                env="production", otp_echo=True, token_key=SecretStr(TEST_TOKEN_KEY)
            )

    async def test_echo_is_absent_unless_asked_for(self, world, request_for):
        async with world.http(otp_echo=False) as http:
            body = request_for("otp_challenge").model_dump_json()
            ref = (await post(http, "/execute", body)).json()["results"][0]["reference"]
            reply = await http.get(f"/v1/challenges/{ref}/development-code")
            assert reply.status_code == 404


# In a process of its own, because loggers keep the output they first wrote to.
SCENARIO = """
import asyncio, sys
from pathlib import Path
from fraud_action.app import create_app
from fraud_action.settings import Settings
from fraud_shared.mesh.tokens import Actor
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client

async def main():
    app = create_app(Settings(
        var_dir=Path(sys.argv[1]), token_key=TEST_TOKEN_KEY, otp_echo=True
    ))
    anna = Actor("anna", tenants=("*",))
    async with client(app, actor=anna) as http:
        reply = await http.post("/execute", content=sys.argv[2])
        ref = reply.json()["results"][0]["reference"]
        path = f"/v1/challenges/{ref}"
        code = (await http.get(f"{path}/development-code")).json()["code"]
        refused = await http.post(f"{path}/verify", json={"code": code, "more": code})
        assert refused.status_code == 422 and code not in refused.text
        passed = await http.post(f"{path}/verify", json={"code": code})
        assert passed.json()["status"] == "passed" and code not in passed.text
    Path(sys.argv[1], "code").write_text(code)

asyncio.run(main())
"""


class TestLogs:
    def test_hold_no_code(self, tmp_path, request_for):
        body = request_for("otp_challenge", "alert").model_dump_json()
        ran = subprocess.run(
            [sys.executable, "-c", SCENARIO, str(tmp_path), body],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count('"event":"request"') == 4
        code = (tmp_path / "code").read_text()
        lines = [json.loads(line) for line in ran.stdout.splitlines()]
        # Times and random ids may hold any digits; everything else may not hold these.
        for line in lines:
            for name in ("timestamp", "elapsed_ms", "request_id", "trace_id"):
                line.pop(name, None)
            assert code not in json.dumps(line)
        assert code not in ran.stderr
