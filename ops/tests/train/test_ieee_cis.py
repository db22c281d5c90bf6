from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from fraud_lightgbm.app import create_app
from fraud_lightgbm.settings import Settings
from fraud_ops.train import ieee_cis
from fraud_ops.train.ieee_cis import COLUMNS, TEXTS, load, payments
from fraud_ops.train.table import dataset as cut
from fraud_scoring.artifacts.keys import generate_keys
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client

NOW = datetime(2026, 3, 2, tzinfo=UTC)
# What the published example of the IEEE-CIS API sends of the model's features.
EXAMPLE = {"TransactionAmt": 150.00, "ProductCD": "W"}


@pytest.fixture(scope="module")
def keys():
    return generate_keys()


@pytest.fixture(scope="module")
def registry(keys):
    return memory_registry(keys)


@pytest.fixture(scope="module")
def data():
    return ieee_cis.dataset(3, NOW, rows=8_000)


@pytest.fixture(scope="module")
def published(registry, data):
    made = publish("ieee_cis", ieee_cis.train(data), data, registry, now=NOW)
    registry.promote("ieee_cis", made.artifact.manifest.version, "champion", now=NOW)
    return made


@pytest.fixture
def service(keys, registry, published, tmp_path):
    settings = Settings(
        token_key=TEST_TOKEN_KEY,
        public_key=keys.public_pem,
        var_dir=tmp_path,
        models=("ieee_cis",),
    )
    return client(create_app(settings, registry=registry, trial=lambda _: None))


class TestPayments:
    def test_have_the_competition_s_columns(self):
        table = payments(2_000, 3)
        assert tuple(table.columns) == COLUMNS
        assert len(set(COLUMNS)) == 432
        assert {"card1", "C14", "D15", "M9", "V339", "id_38", "DeviceInfo"} <= {
            *COLUMNS
        }
        for name, values in table.columns.items():
            assert (values.dtype == object) == (name in TEXTS), name
        assert 0.02 < table.fraud.mean() < 0.05

    def test_identity_is_known_or_unknown_together(self):
        table = payments(2_000, 3)
        known = [_known(table.columns[name]) for name in COLUMNS[-40:]]
        some, most = np.any(known, axis=0), np.mean(known, axis=0) > 0.5
        assert 0.2 < some.mean() < 0.28
        assert (some == most).all()

    def test_follow_from_the_seed(self):
        one, again = payments(300, 3), payments(300, 3)
        for name in COLUMNS:
            np.testing.assert_array_equal(one.columns[name], again.columns[name])


class TestEncoding:
    def test_texts_stand_in_the_order_of_their_risk_in_training(self, data):
        texts = data.categories["ProductCD"]
        place = data.features.index("ProductCD")
        codes, fraud = data.train.x[:, place], data.train.fraud
        shares = [fraud[codes == code].mean() for code in range(len(texts))]
        assert sorted(texts) == sorted(TEXTS["ProductCD"])
        assert shares[0] < shares[-1]

    def test_only_the_training_slice_decides(self):
        table = payments(1_000, 3)
        late = table.columns["ProductCD"].copy()
        late[900:] = "never seen"
        changed = {**table.columns, "ProductCD": late}
        made = cut(
            "ieee_cis",
            "1",
            type(table)(changed, table.fraud, table.seconds),
            seed=1,
            now=NOW,
        )
        assert "never seen" not in made.categories["ProductCD"]
        place = made.features.index("ProductCD")
        assert np.isnan(made.test.x[:, place]).mean() == 1.0


class TestRealFiles:
    def test_are_read_joined_and_sorted(self, tmp_path):
        table = payments(200, 3)
        frame = pl.DataFrame(
            {name: values.tolist() for name, values in table.columns.items()},
            strict=False,
        ).with_columns(
            pl.Series("TransactionID", range(200)),
            pl.Series("isFraud", table.fraud.astype(int)),
        )
        identity = [n for n in COLUMNS if n.startswith(("id_", "Device"))]
        shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
        shuffled.drop(identity).write_csv(tmp_path / "train_transaction.csv")
        frame.select("TransactionID", *identity).write_csv(
            tmp_path / "train_identity.csv"
        )
        read = load(tmp_path)
        assert (read.fraud == table.fraud).mean() > 0.95  # ties in time may swap
        np.testing.assert_array_equal(
            read.columns["TransactionAmt"], table.columns["TransactionAmt"]
        )
        assert list(read.columns["ProductCD"]) == list(table.columns["ProductCD"])

    def test_absent_columns_are_named(self, tmp_path):
        pl.DataFrame({"TransactionID": [1], "isFraud": [0]}).write_csv(
            tmp_path / "train_transaction.csv"
        )
        with pytest.raises(ValueError, match="TransactionDT"):
            load(tmp_path)


class TestModel:
    def test_learns_and_equals_the_library(self, published):
        assert published.metrics["roc_auc"] > 0.7
        assert published.largest_difference <= 1e-6

    async def test_the_schema_has_every_feature_with_its_kind(self, service):
        async with service as http:
            document = (await http.get("/openapi.json")).json()
        row = document["components"]["schemas"]["IeeeCisInstance"]
        assert list(row["properties"]) == list(COLUMNS)
        for name, field in row["properties"].items():
            kind = "string" if name in TEXTS else "number"
            assert [k["type"] for k in field["anyOf"]] == [kind, "null"]


class TestPublishedExample:
    async def test_with_the_rest_unknown(self, service, published):
        row = {**dict.fromkeys(COLUMNS), **EXAMPLE}
        body = {"model": "ieee_cis", "instances": [row]}
        async with service as http:
            reply = await http.post("/v1/predict", json=body)
        assert reply.status_code == 200
        assert reply.json()["model"]["hash"] == published.artifact.hash
        [prediction] = reply.json()["predictions"]
        assert 0 <= prediction["score"] <= 1
        assert prediction["ood_warning"] is False

    async def test_alone_it_names_all_that_is_missing(self, service):
        body = {"model": "ieee_cis", "instances": [EXAMPLE]}
        async with service as http:
            reply = await http.post("/v1/predict", json=body)
        assert reply.status_code == 422
        assert len(reply.json()["errors"]) == 430

    @pytest.mark.parametrize(
        ("name", "value"),
        [("TransactionAmt", "150"), ("ProductCD", 5), ("V1", True), ("V400", 1.0)],
    )
    async def test_a_mistyped_or_extra_field_is_named(self, service, name, value):
        row = {**dict.fromkeys(COLUMNS), **EXAMPLE, name: value}
        body = {"model": "ieee_cis", "instances": [row]}
        async with service as http:
            reply = await http.post("/v1/predict", json=body)
        fields = [error["field"] for error in reply.json()["errors"]]
        assert fields == [f"instances.0.{name}"]

    async def test_beyond_three_deviations_is_warned_of(self, service, data):
        place = data.features.index("TransactionAmt")
        known = data.train.x[:, place]
        limit = known.mean() + 3 * known.std()
        rows = [
            {**dict.fromkeys(COLUMNS), "TransactionAmt": float(limit * factor)}
            for factor in (0.99, 1.01)
        ]
        body = {"model": "ieee_cis", "instances": rows}
        async with service as http:
            reply = await http.post("/v1/predict", json=body)
        warned = [p["ood_warning"] for p in reply.json()["predictions"]]
        assert warned == [False, True]


def _known(values):
    if values.dtype == object:
        return np.array([value is not None for value in values])
    return ~np.isnan(values)
