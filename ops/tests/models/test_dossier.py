from datetime import UTC, datetime

from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.retrain.runs import RunRecord, RunStore
from fraud_scoring.artifacts.keys import Signer, Verifier, development_keys
from fraud_scoring.registry.file import open_registry
from fraud_scoring.testing import linear_draft

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def run_record(version, outcome):
    check = {
        "name": "no segment is worse",
        "kind": "quality",
        "holds": True,
        "value": 0.1,
        "bar": 0.0,
        "detail": "channel pos: difference -0.01 to +0.10",
    }
    return RunRecord(
        run="20260302t120000z-00000000",
        trigger="100 new frauds reported",
        outcome=outcome,
        reasons=(),
        started_at=NOW,
        finished_at=NOW,
        data_version="v1",
        as_of=NOW,
        test_from=NOW,
        rows=1000,
        fraud=50,
        bundle="bundle-1",
        champion={},
        challenger={"xgboost": version},
        checks=(check,),
        metrics={},
        events=(),
        seed=1,
    )


def test_dossier_says_what_was_judged_and_what_a_person_ordered(tmp_path):
    keys = development_keys(tmp_path)
    registry = open_registry(
        str(tmp_path / "registry"), Verifier(keys.public_pem), Signer(keys.private_pem)
    )
    versions = []
    for weights in ((0.5, 1.0, -0.25), (0.6, 1.0, -0.25)):
        made = registry.publish(linear_draft(weights), now=NOW)
        versions.append(made.manifest.version)
        registry.promote("xgboost", versions[-1], "champion", now=NOW)
    RunStore(str(tmp_path / "registry"), "").write(run_record(versions[1], "promoted"))
    out = tmp_path / "dossier.md"
    arguments = ["models", "dossier", "xgboost", "--var", str(tmp_path)]
    result = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert result.exit_code == 0, result.output + repr(result.exception)
    text = out.read_text()
    assert f"champion: {versions[0]} by hand" in text
    assert f"champion: {versions[1]} by the gate (this version)" in text
    assert "100 new frauds reported" in text
    assert "- channel pos: difference -0.01 to +0.10" in text
    assert "it cannot be checked" in text
    assert "high-risk" not in text
