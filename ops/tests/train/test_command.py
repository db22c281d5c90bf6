import io
import warnings

import pytest
from rich.console import Console

from fraud_autoencoder.scorer import ENGINE as AUTOENCODER
from fraud_features.definitions.registry import CREDIT_CARD
from fraud_isolation_forest.scorer import ENGINE as ISOLATION_FOREST
from fraud_lightgbm.scorer import ENGINE as LIGHTGBM
from fraud_ops.train import train_command
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.file import open_registry
from fraud_scoring.serving.validation import validate_model
from fraud_xgboost.scorer import ENGINE as XGBOOST

ENGINES = {
    "isolation_forest": (ISOLATION_FOREST, "champion"),
    "autoencoder": (AUTOENCODER, "champion"),
    "xgboost": (XGBOOST, "champion"),
    "lightgbm": (LIGHTGBM, "challenger"),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    var = tmp_path_factory.mktemp("var")
    screen = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        figures = train_command(
            12_000, 3, var_dir=var, console=Console(file=screen, width=200)
        )
    return var, figures, screen.getvalue()


class TestTraining:
    def test_one_bundle_that_services_can_load(self, trained):
        var, figures, _ = trained
        verifier = Verifier((var / "signing.pub.pem").read_text())
        registry = open_registry(str(var / "registry"), verifier)
        for name, (engine, alias) in ENGINES.items():
            target = registry.aliases(name).target(alias)
            model = validate_model(
                engine, registry.load(name, target.version), limit_ms=1000
            )
            assert model.ref.bundle == figures["bundle"]
            assert model.ref.hash == figures["models"][name]["hash"]

    def test_card_payments_have_a_model_of_their_own_bundle(self, trained):
        var, figures, _ = trained
        verifier = Verifier((var / "signing.pub.pem").read_text())
        registry = open_registry(str(var / "registry"), verifier)
        target = registry.aliases("credit_card").target("champion")
        artifact = registry.load("credit_card", target.version)
        assert (
            validate_model(XGBOOST, artifact, limit_ms=1000).features
            == CREDIT_CARD.names
        )
        assert artifact.ref.bundle != figures["bundle"]
        assert artifact.ref.hash == figures["models"]["credit_card"]["hash"]

    def test_boosters_are_far_better_than_chance(self, trained):
        _, figures, _ = trained
        for name in ("xgboost", "lightgbm"):
            metrics = figures["models"][name]["metrics"]
            assert metrics["average_precision"] > 20 * metrics["fraud_rate"]
            assert metrics["calibration_error"] < 0.05

    def test_serving_equals_training(self, trained):
        _, figures, _ = trained
        worst = {n: m["largest_difference"] for n, m in figures["models"].items()}
        assert worst["isolation_forest"] <= 1e-9
        assert worst["xgboost"] <= 1e-6
        assert worst["lightgbm"] <= 1e-6
        assert worst["autoencoder"] <= 2e-5

    def test_prints_figures_and_times(self, trained):
        _, _, screen = trained
        assert "card precision@100" in screen
        assert "train autoencoder" in screen
