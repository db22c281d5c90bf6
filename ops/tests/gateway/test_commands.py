"""Commands that ask a gateway: what they send, what they print, how they fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from fraud_ops.cli import complete
from fraud_ops.gateway.asking import ask
from fraud_ops.gateway.operations import NDJSON, Operation, operations
from fraud_ops.running import CommandError

NAMED = {operation.command: operation for operation in operations()}
COMMON = {"_url": "http://gateway", "_tenant": ""}
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_API_KEY", "fk_test")


class Gateway:
    """Keeps what it is asked and answers from a list."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers) or [httpx.Response(200, json={"done": True})]
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def run(self, command: str, common: Any = None, **given: Any) -> httpx.Request:
        transport = httpx.MockTransport(self)
        ask(NAMED[command], given, {**COMMON, **(common or {})}, transport)
        return self.asked[-1]


class TestWhatIsSent:
    def test_fields_go_where_the_document_says(self) -> None:
        gateway = Gateway()
        sent = gateway.run("challenges verify", challenge_id="otp 1/2", code="123456")
        assert sent.url.raw_path == b"/v1/challenges/otp%201%2F2/verify"
        assert json.loads(sent.content) == {"code": "123456"}
        assert sent.headers["x-api-key"] == "fk_test"
        listed = gateway.run("cases list", status="open", overdue=True, limit=None)
        assert dict(listed.url.params) == {"status": "open", "overdue": "true"}
        removed = gateway.run("blocks remove", block_id="b-1", reason="new card")
        assert (removed.method, dict(removed.url.params)) == (
            "DELETE",
            {"reason": "new card"},
        )

    def test_a_whole_body_and_a_tenant_go_as_given(self, tmp_path: Path) -> None:
        gateway = Gateway()
        body = tmp_path / "block.json"
        body.write_text('{"entity": "card"}')
        sent = gateway.run("blocks add", {"_body": f"@{body}", "_tenant": "shop"})
        assert sent.content == b'{"entity": "card"}'
        assert sent.headers["x-tenant"] == "shop"

    def test_what_a_body_lacks_is_said_before_anything_is_sent(self) -> None:
        gateway = Gateway()
        with pytest.raises(CommandError, match="--reason, --expires-at"):
            gateway.run("blocks add", entity="card", id="tok-1")
        assert gateway.asked == []

    def test_nothing_is_sent_without_a_key(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("FRAUD_API_KEY")
        with pytest.raises(CommandError, match="FRAUD_API_KEY"):
            Gateway().run("me")


class TestWhatIsPrinted:
    def test_all_pages_come_as_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        gateway = Gateway(
            httpx.Response(200, json={"items": [{"n": 1}], "next_cursor": "c1"}),
            httpx.Response(200, json={"items": [{"n": 2}], "next_cursor": None}),
        )
        gateway.run("cases list", {"_all": True})
        assert capsys.readouterr().out.splitlines() == ['{"n": 1}', '{"n": 2}']
        assert dict(gateway.asked[1].url.params) == {"cursor": "c1"}

    def test_an_export_follows_the_link(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        link = {"link": '</v1/decisions?cursor=c2>; rel="next"', "content-type": NDJSON}
        gateway = Gateway(
            httpx.Response(200, text="a\n", headers=link),
            httpx.Response(200, text="b\n", headers={"content-type": NDJSON}),
        )
        gateway.run("decisions list", {"_all": True, "_lines": True})
        assert capsys.readouterr().out.splitlines() == ["a", "b"]
        assert gateway.asked[0].headers["accept"] == NDJSON

    def test_a_problem_names_kind_and_fields(self) -> None:
        problem = {
            "type": "urn:fraud:problem:invalid-input",
            "detail": "One or more fields are not as documented.",
            "errors": [{"field": "code", "problem": "is too short"}],
        }
        gateway = Gateway(httpx.Response(422, json=problem))
        with pytest.raises(CommandError) as printed:
            gateway.run("challenges verify", challenge_id="otp-1", code="1")
        assert str(printed.value).splitlines() == [
            "422 invalid-input: One or more fields are not as documented.",
            "  code: is too short",
        ]

    def test_a_gateway_that_is_away_is_said_so(self) -> None:
        def away(_: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        with pytest.raises(CommandError, match="does not answer"):
            ask(NAMED["me"], {}, COMMON, httpx.MockTransport(away))


class TestTheCommandLine:
    @pytest.mark.parametrize("operation", operations(), ids=lambda one: one.command)
    def test_has_every_operation_with_help(self, operation: Operation) -> None:
        words = operation.command.split()
        printed = CliRunner().invoke(complete(), [*words, "--help"])
        assert printed.exit_code == 0, printed.output

    def test_never_takes_a_key_as_an_option(self) -> None:
        names = {f.name for one in operations() for f in one.fields}
        assert not names & {"api_key", "x_api_key"}
