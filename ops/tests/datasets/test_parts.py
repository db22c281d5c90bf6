from datetime import timedelta

import polars as pl
import pytest

from fraud_ops.datasets import parts
from fraud_ops.datasets.parts import TooFew, as_known
from fraud_post_auth.dataset import DatasetDamaged, DatasetStore
from fraud_post_auth.outcomes import silence_weight

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    return DatasetStore(str(tmp_path / "datasets"))


class TestCut:
    def test_test_part_is_later_than_all_that_is_learned_from(
        self, store, make_rows, write_dataset
    ):
        version = write_dataset(make_rows(900))
        manifest = parts.publish(store, version)
        tables = parts.read(store, manifest)
        for name in ("train", "validation"):
            assert tables[name]["occurred_at"].max() < manifest.test_from
        assert tables["test"]["occurred_at"].min() >= manifest.test_from

    def test_no_report_from_the_time_of_the_test_is_known_in_training(
        self, store, make_rows, write_dataset
    ):
        version = write_dataset(make_rows(900))
        rows = store.read(version)
        manifest = parts.publish(store, version)
        tables = parts.read(store, manifest)
        assert manifest.known_at == manifest.test_from
        before = pl.concat([tables["train"], tables["validation"]])
        assert before["labelled_at"].max() <= manifest.known_at
        late = rows.filter(
            (pl.col("occurred_at") < manifest.known_at)
            & (pl.col("labelled_at") > manifest.known_at)
        )
        assert late.height > 0
        silent = before.join(late.select("decision_id"), on="decision_id")
        assert set(silent["label"].to_list()) == {0}
        assert silent["weight"].max() < 1.0

    def test_accounts_of_validation_are_not_in_training(
        self, store, make_rows, write_dataset
    ):
        manifest = parts.publish(store, write_dataset(make_rows(900)))
        tables = parts.read(store, manifest)
        accounts = [set(tables[n]["account_id"]) for n in ("train", "validation")]
        assert not accounts[0] & accounts[1]
        assert all(accounts)

    def test_labels_loaded_in_one_go_are_learned_from_as_they_are_now(
        self, store, make_rows, write_dataset
    ):
        rows = make_rows(1000)
        for row in rows:
            if row.columns["label"]:
                row.columns["labelled_at"] = rows[-1].columns["occurred_at"]
        version = write_dataset(rows)
        manifest = parts.publish(store, version)
        assert manifest.known_at == version.as_of
        assert sum(manifest.fraud.values()) == version.fraud

    def test_payments_without_frauds_cannot_be_cut(
        self, store, make_rows, write_dataset
    ):
        version = write_dataset(make_rows(300, fraud_rate=0.0))
        with pytest.raises(TooFew, match="too few payments"):
            parts.publish(store, version)

    def test_silence_weighs_as_it_did_then(self, store, make_rows, write_dataset):
        version = write_dataset(make_rows(400))
        rows = store.read(version)
        at = rows["occurred_at"].min() + 10 * DAY
        known = as_known(rows.filter(pl.col("occurred_at") < at), at, 30 * DAY)
        silent = known.filter(pl.col("label_source") == "presumed")
        paid, weight = silent["occurred_at"][0], silent["weight"][0]
        assert weight == pytest.approx(silence_weight(at - paid, 30 * DAY))


class TestPublishing:
    def test_same_version_is_cut_once(self, store, make_rows, write_dataset):
        version = write_dataset(make_rows(1000))
        assert parts.publish(store, version) == parts.publish(store, version)
        assert parts.problems(store, parts.publish(store, version)) == []

    def test_altered_part_is_not_read(self, store, make_rows, write_dataset, tmp_path):
        version = write_dataset(make_rows(1000))
        manifest = parts.publish(store, version)
        file = tmp_path / "datasets" / version.version / "parts" / "test.parquet"
        file.write_bytes(file.read_bytes()[:-1])
        assert len(parts.problems(store, manifest)) == 1
        with pytest.raises(DatasetDamaged, match=r"test\.parquet"):
            parts.read(store, manifest)
