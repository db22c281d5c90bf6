from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.train.mapping import BadMapping, load, read_mapping
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.file import open_registry

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MAPPING = """
name: owner
label: {column: bad, fraud: ["yes", 1]}
time: {column: when}
exclude: [id]
models: {isolation_forest: owner_anomaly}
"""


@pytest.fixture
def mapping(tmp_path):
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    return file


@pytest.fixture
def table():
    rng = np.random.default_rng(1)
    fraud = rng.random(1200) < 0.1
    return pl.DataFrame(
        {
            "id": np.arange(1200),
            "when": rng.permutation(1200) * 60,
            "amount": np.where(fraud, 900.0, 20.0) + rng.normal(size=1200),
            "country": np.where(rng.random(1200) < 0.5, "DE", "FR"),
            "bad": np.where(fraud, "yes", "no"),
        }
    )


class TestMapping:
    def test_csv_and_parquet_of_the_same_rows_are_the_same_data(
        self, tmp_path, mapping, table
    ):
        table.write_csv(tmp_path / "rows.csv")
        table.write_parquet(tmp_path / "rows.parquet")
        meaning = read_mapping(mapping)
        csv, parquet = (
            load(str(tmp_path / name), meaning, seed=1, now=NOW)
            for name in ("rows.csv", "rows.parquet")
        )
        assert csv.data_version == parquet.data_version
        assert csv.features == ("amount", "country")
        assert csv.categories["country"]
        total = sum(int(getattr(csv, p).fraud.sum()) for p in ("train", "test"))
        assert 0 < total <= int((table["bad"] == "yes").sum())

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ("label: {column: gone}", "no column 'gone'"),
            ("models: {quantum: owner}", "models.quantum"),
            ("models: {xgboost: a, lightgbm: a}", "share a model's name"),
            ("nonsense: 1", "nonsense"),
        ],
    )
    def test_bad_mapping_names_field_and_reason(self, tmp_path, table, change, reason):
        field = change.partition(":")[0]
        kept = [
            line for line in MAPPING.splitlines() if not line.startswith(f"{field}:")
        ]
        file = tmp_path / "mapping.yaml"
        file.write_text("\n".join([*kept, change]))
        table.write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(BadMapping, match=reason):
            load(str(tmp_path / "rows.parquet"), read_mapping(file), seed=1, now=NOW)

    def test_absent_file_and_unreadable_rows_are_refused(self, tmp_path, mapping):
        with pytest.raises(BadMapping, match="no such file"):
            read_mapping(tmp_path / "none.yaml")
        meaning = read_mapping(mapping)
        with pytest.raises(BadMapping, match="no such file"):
            load(str(tmp_path / "none.csv"), meaning, seed=1, now=NOW)
        (tmp_path / "bad.parquet").write_bytes(b"PAR0")
        with pytest.raises(BadMapping, match="not readable"):
            load(str(tmp_path / "bad.parquet"), meaning, seed=1, now=NOW)

    def test_few_frauds_cannot_teach(self, tmp_path, mapping, table):
        table.with_columns(bad=pl.lit("no")).write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(BadMapping, match="0 frauds"):
            load(str(tmp_path / "rows.parquet"), read_mapping(mapping), seed=1, now=NOW)

    def test_owners_model_is_published_under_its_name(self, tmp_path, mapping, table):
        table.write_csv(tmp_path / "rows.csv")
        result = CliRunner().invoke(
            app,
            [
                "train",
                *("--data", str(tmp_path / "rows.csv")),
                *("--mapping", str(mapping)),
                *("--var", str(tmp_path)),
            ],
        )
        assert result.exit_code == 0, result.output + repr(result.exception)
        verifier = Verifier((tmp_path / "signing.pub.pem").read_text())
        registry = open_registry(str(tmp_path / "registry"), verifier)
        target = registry.aliases("owner_anomaly").target("champion")
        metadata = registry.load("owner_anomaly", target.version).metadata
        assert metadata.feature_set.name == "owner"
        assert metadata.features == ("amount", "country")
