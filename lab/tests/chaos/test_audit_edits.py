"""The command that edits an audit log finds each edit, and nothing else."""

import json

import pytest

from fraud_lab.chaos.audit_edits import chaos_audit_command


def test_every_edit_of_a_small_log_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    chaos_audit_command(rows=300, edits=60, seed=1, as_json=True, enforce=False)
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (found["found"], found["false"]) == (60, 0)
