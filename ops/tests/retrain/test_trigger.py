from datetime import UTC, datetime, timedelta

import pytest

from fraud_ops.retrain.lock import Busy, only_one
from fraud_ops.retrain.runs import RunRecord, RunStore, run_name
from fraud_ops.retrain.trigger import Rule, due
from fraud_shared.contracts.datasets import DatasetVersion

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = Rule(every=timedelta(days=7), new_frauds=100, drift=0.25)


def record(*, ago=timedelta(days=1), fraud=50, outcome="kept", **fields):
    started = NOW - ago
    values = {
        "run": run_name(started, "v1"),
        "trigger": "by hand",
        "outcome": outcome,
        "reasons": (),
        "started_at": started,
        "finished_at": started,
        "data_version": "v1",
        "as_of": started,
        "test_from": started,
        "rows": 1000,
        "fraud": fraud,
        "bundle": None,
        "champion": {},
        "challenger": {},
        "checks": (),
        "metrics": {},
        "events": (),
        "seed": 1,
    }
    return RunRecord.model_validate({**values, **fields})


def version(name="v2", fraud=60):
    return DatasetVersion(
        version=name,
        as_of=NOW,
        maturity_days=30.0,
        rows=1000,
        fraud=fraud,
        feature_set="bank",
        feature_version="1",
        feature_hash="0" * 64,
        first_day=None,
        last_day=None,
        parts=(),
        other_features={},
        written_at=NOW,
    )


class TestDue:
    def test_first_data_is_learned_from_at_once(self):
        assert due(RULE, NOW, None, version(), None) == "first run"

    def test_nothing_new_is_no_reason(self):
        assert due(RULE, NOW, record(), version(), 0.1) is None

    def test_new_frauds_drift_and_time_are_reasons(self):
        assert due(RULE, NOW, record(), version(fraud=150), None) == (
            "100 new frauds reported"
        )
        assert due(RULE, NOW, record(), version(), 0.31) == "drift: PSI 0.31"
        late = record(ago=timedelta(days=7))
        assert due(RULE, NOW, late, version(), None) == "7 days since the last run"

    def test_same_data_is_never_learned_from_twice(self):
        late = record(ago=timedelta(days=70))
        assert due(RULE, NOW, late, version("v1", 500), 9.0) is None

    def test_run_does_not_follow_at_the_heels_of_another(self):
        just = record(ago=timedelta(hours=5))
        assert due(RULE, NOW, just, version(fraud=900), 9.0) is None

    def test_each_reason_can_be_turned_off(self):
        off = Rule(every=None, new_frauds=None, drift=None)
        late = record(ago=timedelta(days=70))
        assert due(off, NOW, late, version(fraud=900), 9.0) is None


class TestRunStore:
    def test_records_are_listed_oldest_first_whatever_lies_beside_them(self, tmp_path):
        runs = RunStore(str(tmp_path), "")
        newer, older = record(), record(ago=timedelta(days=3), outcome="promoted")
        runs.write(newer)
        runs.write(older)
        (tmp_path / "retraining" / "broken").mkdir()
        (tmp_path / "retraining" / "broken" / "record.json").write_text("{")
        assert runs.all() == [older, newer]

    def test_registry_without_a_folder_keeps_them_beside_the_datasets(self, tmp_path):
        runs = RunStore("mlflow+http://127.0.0.1:1", str(tmp_path))
        runs.write(record())
        assert len(RunStore(str(tmp_path), "").all()) == 1


class TestLock:
    def test_second_retraining_on_a_machine_is_busy(self, tmp_path):
        with only_one(tmp_path), pytest.raises(Busy), only_one(tmp_path):
            pass
        with only_one(tmp_path):
            pass
