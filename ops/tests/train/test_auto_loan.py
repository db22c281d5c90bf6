from datetime import UTC, datetime

import numpy as np
import pytest

import fraud_lightgbm.scorer
from fraud_lightgbm.app import create_app
from fraud_lightgbm.settings import Settings
from fraud_ops.train import auto_loan
from fraud_ops.train.auto_loan import FEATURES, UnfitData, applications, check
from fraud_ops.train.table import Table
from fraud_scoring.artifacts.keys import generate_keys
from fraud_scoring.serving.validation import validate_model
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client

NOW = datetime(2026, 3, 2, tzinfo=UTC)
# The calibrated service's published example.
EXAMPLE = {
    "features": [35, 1, 1, 0, 0, 0, 2, 0.3, 0, 1, 0.8, 1.2, 0.5, 0.0, 0],
    "feature_names": [
        "age", "sin_valid_flag", "email_domain_category", "phone_reuse_count",
        "email_reuse_count", "vin_reuse_flag", "dealer_app_volume_24h",
        "dealer_fraud_percentile", "province_ip_mismatch", "address_postal_match_flag",
        "ltv_ratio", "purchase_loan_ratio", "downpayment_income_ratio",
        "mileage_plausibility_score", "high_value_low_income_flag",
    ],
    "request_id": "test-123",
}  # fmt: skip


@pytest.fixture(scope="module")
def keys():
    return generate_keys()


@pytest.fixture(scope="module")
def registry(keys):
    return memory_registry(keys)


@pytest.fixture(scope="module")
def published(registry):
    data = auto_loan.dataset(3, NOW, rows=12_000)
    made = publish("auto_loan", auto_loan.train(data), data, registry, now=NOW)
    registry.promote("auto_loan", made.artifact.manifest.version, "champion", now=NOW)
    return made


@pytest.fixture
def service(keys, registry, published, tmp_path):
    settings = Settings(
        token_key=TEST_TOKEN_KEY,
        public_key=keys.public_pem,
        var_dir=tmp_path,
        models=("auto_loan",),
    )
    return client(create_app(settings, registry=registry, trial=lambda _: None))


class TestApplications:
    def test_are_as_documented(self):
        table = applications(10_000, 3)
        check(table)
        assert tuple(table.columns) == FEATURES == tuple(EXAMPLE["feature_names"])
        assert 0.02 < table.fraud.mean() < 0.05
        assert (np.diff(table.seconds) >= 0).all()

    def test_follow_from_the_seed(self):
        one, again, other = (applications(500, seed) for seed in (3, 3, 4))
        for name in FEATURES:
            np.testing.assert_array_equal(one.columns[name], again.columns[name])
        assert (one.columns["age"] != other.columns["age"]).any()


class TestRequirements:
    def test_too_few_rows(self):
        with pytest.raises(UnfitData, match="9,999 applications, 10,000 are needed"):
            check(applications(9_999, 3))

    def test_a_column_with_five_percent_missing_is_named(self):
        table = applications(10_000, 3)
        table.columns["ltv_ratio"][:500] = np.nan
        with pytest.raises(UnfitData, match=r"below 5%: ltv_ratio 5\.0%"):
            check(table)

    def test_an_absent_column_is_named(self):
        table = applications(10_000, 3)
        columns = {n: v for n, v in table.columns.items() if n != "age"}
        with pytest.raises(UnfitData, match="age"):
            check(Table(columns, table.fraud, table.seconds))

    def test_one_class_alone(self):
        table = applications(10_000, 3)
        with pytest.raises(UnfitData, match="both"):
            check(Table(table.columns, np.zeros(10_000, dtype=bool), table.seconds))


class TestModel:
    def test_ranks_and_is_calibrated(self, published):
        assert published.metrics["roc_auc"] > 0.85
        assert published.metrics["calibration_error"] < 0.03
        assert published.artifact.calibrator.method == "isotonic"
        assert published.artifact.metadata.parameters["scale_pos_weight"] > 10

    def test_equals_the_library(self, published):
        assert published.largest_difference <= 1e-6
        validate_model(fraud_lightgbm.scorer.ENGINE, published.artifact, limit_ms=1000)


class TestPublishedExample:
    async def test_score_has_the_published_form(self, service, published):
        async with service as http:
            reply = await http.post("/score", json=EXAMPLE)
        assert reply.status_code == 200
        found = reply.json()
        assert 0 <= found["confidence_score"] <= 1
        assert found["model_version"] == published.artifact.manifest.version
        assert found["calibration_version"]
        assert isinstance(found["inference_time_ms"], int)
        assert len(found["top_features"]) == 3
        for part in found["top_features"]:
            assert set(part) == {
                "feature_name",
                "feature_value",
                "importance",
                "contribution",
            }
            place = EXAMPLE["feature_names"].index(part["feature_name"])
            value = EXAMPLE["features"][place]
            assert part["feature_value"] == pytest.approx(value)

    async def test_score_batch_equals_single_scores(self, service):
        async with service as http:
            one = await http.post("/score", json=EXAMPLE)
            many = await http.post("/score_batch", json=[EXAMPLE, EXAMPLE])
        scores = [reply["confidence_score"] for reply in many.json()]
        assert scores == [one.json()["confidence_score"]] * 2

    async def test_fourteen_features_are_not_enough(self, service):
        short = {
            **EXAMPLE,
            "features": EXAMPLE["features"][:14],
            "feature_names": EXAMPLE["feature_names"][:14],
        }
        async with service as http:
            reply = await http.post("/score", json=short)
        assert reply.status_code == 422
        fields = [error["field"] for error in reply.json()["errors"]]
        assert fields == ["features.high_value_low_income_flag"]
