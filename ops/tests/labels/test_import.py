"""`fraud labels import`: every row is sent once, or its line says why not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fraud_ops.labels import command
from fraud_ops.labels.command import send
from fraud_ops.labels.rows import FileUnreadable, Read, Refused, read_reports
from fraud_ops.mesh.http import Client
from fraud_shared.mesh.errors import DependencyUnreachable

CSV = """transaction_id,event,reason_code,scheme,reported_at,amount_minor,reversal
tx-1,tc40,,,2026-03-20T09:30:00Z,4250,
tx-2,chargeback,13.1,visa,2026-03-20T09:30:00Z,,false
tx-3,chargeback,,visa,2026-03-20T09:30:00Z,,
tx-4,tc40,,,yesterday,,
"""


def file(folder: Path, text: str, name: str = "feed.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


class Gateway:
    """Answers as the gateway does: accepted, then duplicate; busy for a while at first."""

    def __init__(self, busy: int = 0, away: int = 0) -> None:
        self.seen: dict[bytes, int] = {}
        self.busy, self.away = busy, away

    async def send(
        self, service: str, path: str, body: bytes, headers: Mapping[str, str], _: float
    ) -> tuple[int, bytes]:
        assert (service, path) == ("gateway", "/v1/labels")
        assert headers["x-api-key"] == "key"
        if self.away:
            self.away -= 1
            raise DependencyUnreachable("gateway")
        if self.busy:
            self.busy -= 1
            return 503, b"{}"
        self.seen[body] = self.seen.get(body, 0) + 1
        status = "accepted" if self.seen[body] == 1 else "duplicate"
        return 200, json.dumps({"status": status}).encode()

    async def close(self) -> None:
        """Nothing is open."""


def client(gateway: Gateway) -> Client:
    transport: Any = gateway
    return Client("http://gateway", "key", transport=transport)


class TestReading:
    def test_csv_rows_become_reports(self, tmp_path: Path) -> None:
        rows = list(read_reports(file(tmp_path, CSV)))
        assert [type(row) for row in rows] == [Read, Read, Refused, Refused]
        first = rows[0]
        assert isinstance(first, Read)
        assert json.loads(first.body) == {
            "event": "tc40",
            "amount_minor": 4250,
            "transaction_id": "tx-1",
            "reported_at": "2026-03-20T09:30:00Z",
            "reversal": False,
        }

    def test_wrong_rows_name_line_and_field(self, tmp_path: Path) -> None:
        refused = [
            (row.line, row.field)
            for row in read_reports(file(tmp_path, CSV))
            if isinstance(row, Refused)
        ]
        assert refused == [(4, "reason_code"), (5, "reported_at")]

    @pytest.mark.parametrize("style", ["list", "lines"])
    def test_json_in_both_styles_is_the_same(self, tmp_path: Path, style: str) -> None:
        rows = [
            {
                "transaction_id": f"tx-{n}",
                "event": "safe",
                "reported_at": "2026-03-20T09:30:00Z",
            }
            for n in range(3)
        ]
        text = json.dumps(rows) if style == "list" else "\n".join(map(json.dumps, rows))
        found = list(read_reports(file(tmp_path, text, "feed.json")))
        assert [row.line for row in found] == [1, 2, 3]
        assert all(isinstance(row, Read) for row in found)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("account,event\na,tc40\n", "line 1"),
            ("transaction_id,colour\na,red\n", "line 1"),
            ("[{", "not JSON"),
            ('transaction_id\n"a\n', "not CSV"),
        ],
    )
    def test_file_without_reports_is_refused(
        self, tmp_path: Path, text: str, problem: str
    ) -> None:
        with pytest.raises(FileUnreadable, match=problem):
            list(read_reports(file(tmp_path, text)))


class TestSending:
    async def test_file_sent_twice_changes_nothing(self, tmp_path: Path) -> None:
        rows = list(read_reports(file(tmp_path, CSV)))
        gateway = Gateway()
        first = await send(rows, client(gateway))
        second = await send(rows, client(gateway))
        assert first.counts == {"accepted": 2, "refused": 2}
        assert second.counts == {"duplicate": 2, "refused": 2}

    async def test_busy_gateway_is_asked_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(command, "PAUSE_S", 0.0)
        rows = list(read_reports(file(tmp_path, CSV)))
        result = await send(rows, client(Gateway(busy=1, away=1)))
        assert result.counts["accepted"] == 2
