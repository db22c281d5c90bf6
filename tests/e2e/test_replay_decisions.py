"""`fraud replay decisions` on a handful of payments: what it finds, and what it leaves."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fraud_decision.settings import DEFAULT_POLICY
from fraud_lab.replay.decisions import OtherModels, decisions_command
from fraud_lab.replay.recording import PAYMENT, read
from fraud_ops.mesh.environment import LocalMesh

PAYMENTS, SEED = 40, 5


def run(file: Path, mesh: LocalMesh, *, record: bool = False) -> None:
    decisions_command(
        file,
        record=record,
        payments=PAYMENTS,
        seed=SEED,
        registry=mesh.registry,
        var=mesh.var,
        as_json=True,
        enforce=False,
    )


@pytest.fixture(scope="module")
def recorded(trained: LocalMesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of today's code."""
    file = tmp_path_factory.mktemp("recorded") / "decisions.ndjson.gz"
    run(file, trained, record=True)
    return file


def replay(
    file: Path, mesh: LocalMesh, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """The JSON that the command prints last."""
    capsys.readouterr()
    run(file, mesh)
    printed: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return printed


def test_replay_of_the_code_that_recorded_differs_nowhere(
    recorded: Path, trained: LocalMesh, capsys: pytest.CaptureFixture[str]
) -> None:
    _, exchanges = read(recorded)
    statuses = Counter(one.status for one in exchanges if one.request.path == PAYMENT)
    found = replay(recorded, trained, capsys)
    assert statuses[200] > PAYMENTS / 2
    assert sum(statuses.values()) == PAYMENTS == found["n"] == found["identical"]
    assert found["fields"] == {}
    assert found["gates"] == [
        {"name": "differing", "value": 0, "bar": 0, "holds": True}
    ]


def test_replay_under_another_policy_names_the_verdicts_that_changed(
    recorded: Path,
    trained: LocalMesh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stricter = tmp_path / "policy.yaml"
    text = DEFAULT_POLICY.read_text()
    for approving in ("allow: [APPROVE]}", "allow: [APPROVE, CHALLENGE]}"):
        assert approving in text
        text = text.replace(approving, "allow: [CHALLENGE]}")
    stricter.write_text(text)
    monkeypatch.setenv("FRAUD_DECISION_POLICY", str(stricter))
    found = replay(recorded, trained, capsys)
    # Of every payment at least the policy's name differs.
    assert found["fields"]["decision"] > PAYMENTS / 2
    assert sum(found["fields"].values()) == found["payments_differing"] > 0
    assert found["example"]["field"] == "decision"
    assert found["replayed_versions"]["policy"] != found["recorded_versions"]["policy"]
    assert not found["gates"][0]["holds"]


def test_replay_with_another_bundle_is_refused(
    recorded: Path, trained: LocalMesh, tmp_path: Path
) -> None:
    lines = gzip.decompress(recorded.read_bytes()).splitlines()
    header = json.loads(lines[0])
    header["models"]["xgboost"]["bundle"] = "another"
    other = tmp_path / "other.ndjson"
    other.write_bytes(b"\n".join([json.dumps(header).encode(), *lines[1:]]) + b"\n")
    with pytest.raises(OtherModels, match="xgboost"):
        run(other, trained)
