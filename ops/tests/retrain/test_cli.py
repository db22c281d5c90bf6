import json

from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.retrain.runs import RunStore


def test_runs_of_an_empty_registry_are_an_empty_list(tmp_path):
    result = CliRunner().invoke(
        app, ["retrain", "--runs", "--json", "--var", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.output.splitlines()[-1]) == []
    assert RunStore(str(tmp_path / "registry"), "").all() == []


def test_retraining_without_records_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATASET_URI", raising=False)
    result = CliRunner().invoke(app, ["retrain", "--var", str(tmp_path)])
    assert result.exit_code == 1
    assert "no payments are recorded" in str(result.exception)
