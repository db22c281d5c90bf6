"""Logs: JSON lines without card numbers or exception texts."""

import json
import logging
from typing import Any

import pytest
import structlog

from fraud_shared.contracts.card_numbers import masked
from fraud_shared.web import logs

PANS = ["4539578763621486", "4111111111111111", "378282246310005"]
PAN = PANS[0]


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Any:
    """Log one event and return the only line it made, with the raw text."""

    def emit(event: str = "test", **fields: Any) -> tuple[dict[str, Any], str]:
        logs.configure("INFO")
        structlog.get_logger().info(event, **fields)
        text, rest = capsys.readouterr().out.split("\n")
        assert rest == ""
        return json.loads(text), text

    return emit


class TestMasking:
    @pytest.mark.parametrize(
        "text",
        [
            "{}",
            "pan={}",
            "pan {}.",
            "pan {}, thanks",
            "({})",
            "card_{}_x",
            "/v1/cards/{}?a=1",
            '{{"pan": "{}"}}',
            "{} 12/27",
            "{} 123",
            "12 {}",
            "x\n{}\n",
        ],
    )
    def test_finds_a_number_wherever_it_stands(self, text: str) -> None:
        for shown in (
            PAN,
            " ".join(PAN[i : i + 4] for i in range(0, 16, 4)),
            "-".join(PAN[i : i + 4] for i in range(0, 16, 4)),
        ):
            result = masked(text.format(shown))
            assert "[masked]" in result
            assert shown not in result

    def test_masking_finds_two(self) -> None:
        assert PAN not in masked(f"{PAN} {PANS[1]}")
        assert PANS[1] not in masked(f"{PAN} {PANS[1]}")

    @pytest.mark.parametrize(
        "text",
        [
            "4539578763621487",
            "0.4539578763621486",
            "0af7651916cd43dd8448eb211c80319c",
            "203.0.113.7",
            "2026-03-02T12:00:00.123456Z",
            "1" * 25,
            "",
        ],
    )
    def test_leaves_everything_else(self, text: str) -> None:
        assert masked(text) == text

    @pytest.mark.parametrize(
        "fields",
        [
            {"a": PAN},
            {"a": {"b": [PAN]}},
            {"a": ("x", PAN)},
            {"a": {PAN: 1}},
            {"event": PAN},
        ],
    )
    def test_reaches_into_fields(self, line: Any, fields: dict[str, Any]) -> None:
        assert PAN not in line(**fields)[1]


class TestLines:
    @pytest.mark.parametrize(
        "forged", ['a\r\n{"event":"forged"}', "\x1b[2K\x00", "\u202e", "\u2028a\u0085"]
    )
    def test_a_value_stays_inside_its_line(self, line: Any, forged: str) -> None:
        found, text = line(value=forged, **{"key\n": 1})
        assert found["value"] == forged
        assert "\x1b" not in text

    def test_carry_the_current_request(self, line: Any) -> None:
        token = logs.CURRENT.set(("r-1", "t-1"))
        try:
            found, _ = line()
        finally:
            logs.CURRENT.reset(token)
        assert (found["request_id"], found["trace_id"]) == ("r-1", "t-1")
        assert "request_id" not in line()[0]

    def test_an_exception_is_a_type_and_a_place(self, line: Any) -> None:
        try:
            raise LookupError("Zwyxorl Quabbin")
        except LookupError as error:
            found, text = line(exc_info=error)
        assert found["exception"] == "LookupError"
        assert "test_an_exception_is_a_type_and_a_place" in found["where"][-1]
        assert "Quabbin" not in text

    def test_library_records_lose_tracebacks_and_numbers(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logs.configure("INFO")
        try:
            raise ValueError("Zwyxorl Quabbin")
        except ValueError:
            logging.getLogger("lib").exception("failed %s\nlocals: Quabbin", PAN)
        (text,) = capsys.readouterr().out.splitlines()
        found = json.loads(text)
        assert found["message"] == "failed [masked]"
        assert found["exception"] == "ValueError"
        assert "Quabbin" not in text

    def test_a_level_below_the_configured_is_silent(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logs.configure("WARNING")
        structlog.get_logger().info("quiet")
        logging.getLogger("lib").info("quiet")
        assert capsys.readouterr().out == ""
