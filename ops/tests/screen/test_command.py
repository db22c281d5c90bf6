"""`fraud screen` from end to end: lists of a folder, and a real service over HTTP."""

import csv
import json
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_sanctions.app import create_app
from fraud_sanctions.settings import SAMPLE_LISTS, Settings
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.fakes import FakeBus

NAMES = """id,name,kind,birth_date,country
a,Zoltarin Krandalof,person,1957-07-21,RU
b,Jane Smith,,,
c,Bohumira Telchanska,,1955-07-01,
d,???,,,
"""


@pytest.fixture
def names(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAUD_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("FRAUD_TOKEN_KEY", TEST_TOKEN_KEY)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    path = tmp_path / "names.csv"
    path.write_text(NAMES)
    return path


@contextmanager
def running(sanctions):
    """The service on a port of this machine."""
    server = uvicorn.Server(
        uvicorn.Config(sanctions, port=0, log_level="error", lifespan="on")
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            limit = time.monotonic() + 20
            while not server.started and time.monotonic() < limit:
                thread.join(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def run(*arguments):
    result = CliRunner().invoke(app, ["screen", *map(str, arguments)])
    line = result.stdout.strip().splitlines()[-1]
    return result, json.loads(line) if line.startswith("{") else None


def report(names: Path):
    path = names.with_name("names.report.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestScreen:
    def test_lists_of_a_folder_need_no_service(self, names):
        result, figures = run(names, "--lists", SAMPLE_LISTS, "--json")
        assert result.exit_code == 0
        assert figures["rows"] == {
            "clear": 1,
            "possible": 1,
            "match": 1,
            "unavailable": 0,
            "refused": 1,
        }
        lines = {line["id"]: line for line in report(names)}
        assert lines["a"]["entity"] == "fictional-FP-0001"
        assert "zoltarin = zoltarin: same, rare" in lines["a"]["reasons"]
        assert "fictional " in lines["b"]["list_versions"]
        assert lines["d"]["reasons"] == "name: no letter or digit"

    def test_a_service_gives_the_same_report(self, names):
        run(names, "--lists", SAMPLE_LISTS)
        by_folder = report(names)
        settings = Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0)
        with running(create_app(settings, bus=FakeBus())) as url:
            result, _ = run(names, "--url", url, "--batch", 2)
        assert result.exit_code == 0
        assert report(names) == by_folder

    def test_names_are_not_shown(self, names):
        result, _ = run(names, "--lists", SAMPLE_LISTS, "--json")
        for secret in ("Zoltarin", "Jane", "Telchanska", "???"):
            assert secret not in result.output
        assert "line 5, name: no letter or digit" in result.output

    def test_the_gate_is_red_when_a_row_was_not_screened(self, names):
        result, _ = run(names, "--lists", SAMPLE_LISTS, "--gate")
        assert result.exit_code == 1

    @pytest.mark.parametrize(
        "arguments",
        [("--url", "http://127.0.0.1:9"), ("--lists", "no/such/folder")],
    )
    def test_without_anybody_to_ask_there_is_no_report(self, names, arguments):
        result, _ = run(names, *arguments)
        assert result.exit_code == 1
        assert "Not screened" in result.output
        assert not names.with_name("names.report.csv").exists()

    def test_a_folder_with_a_damaged_list_gives_no_report(self, names, tmp_path):
        folder = tmp_path / "lists"
        folder.mkdir()
        (folder / "own.csv").write_bytes(b"id,name,type\n1,Zolt")
        result, _ = run(names, "--lists", folder)
        assert result.exit_code == 1
        assert "own (LIST_" in result.output
