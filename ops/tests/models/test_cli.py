"""`fraud models`, on a registry of hand-written models."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from fraud_ops.models import announce
from fraud_ops.models.cli import models_app
from fraud_scoring.artifacts.keys import (
    Signer,
    Verifier,
    development_keys,
    generate_keys,
)
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.testing import NOW, linear_draft, release
from fraud_shared.contracts.events import MODEL_PROMOTED

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def var(tmp_path, monkeypatch):
    for name in ("MODEL_REGISTRY_URI", "MLFLOW_TRACKING_URI", "AMQP_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "var"


@pytest.fixture
def registry(var):
    keys = development_keys(var)
    return FolderRegistry(
        str(var / "registry"), Verifier(keys.public_pem), Signer(keys.private_pem)
    )


@pytest.fixture
def fraud(var, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0):
        done = CliRunner().invoke(models_app, [*arguments, "--var", str(var)])
        assert done.exit_code == status, (done.output, repr(done.exception))
        return done.output

    return run


def two(registry):
    one = release(registry).manifest.version
    return one, registry.publish(
        linear_draft((0.7, 1.0, -0.25), bundle="bundle-2"), now=NOW
    ).manifest.version


class TestLooking:
    def test_list_shows_versions_and_aliases(self, registry, fraud):
        one, new = two(registry)
        found = json.loads(fraud("list", "--json"))
        assert [(m["version"], m["aliases"]) for m in found] == [
            (one, ["champion"]),
            (new, []),
        ]
        assert one in fraud("list")

    def test_show_and_card_by_alias(self, registry, fraud):
        one, _ = two(registry)
        assert json.loads(fraud("show", "xgboost", "--json"))["version"] == one
        assert "bundle-1" in fraud("show", "xgboost")
        assert "Model card" in fraud("card", "xgboost")

    def test_diff_shows_both_bundles(self, registry, fraud):
        _, new = two(registry)
        shown = fraud("diff", "xgboost", "champion", new)
        assert "bundle-1" in shown
        assert "bundle-2" in shown

    def test_what_is_not_there(self, registry, fraud):
        assert "alias-missing" in fraud("show", "nothing", status=1)


class TestVerify:
    def test_all_is_well(self, registry, fraud):
        two(registry)
        assert json.loads(fraud("verify", "--json")) == {"versions": 2, "problems": []}

    def test_a_changed_file(self, registry, fraud, var):
        one, _ = two(registry)
        file = var / "registry" / "models" / "xgboost" / one / "weights.json"
        file.write_bytes(b"[]")
        assert "content-mismatch" in fraud("verify", status=1)

    def test_champions_of_several_bundles(self, registry, fraud):
        release(registry)
        release(registry, name="lightgbm", bundle="bundle-2")
        assert "several bundles" in fraud("verify", status=1)


class TestOrders:
    def test_promote_and_roll_back(self, registry, fraud):
        one, new = two(registry)
        said = fraud("promote", "xgboost", new, "--gateway", NOWHERE)
        assert f"champion is {new}" in said
        assert "no gateway" in said
        assert registry.aliases("xgboost").target("champion").version == new
        fraud("rollback", "xgboost", "--gateway", NOWHERE)
        assert registry.aliases("xgboost").target("champion").version == one

    def test_an_order_that_mixes_bundles_says_so(self, registry, fraud):
        _, new = two(registry)
        release(registry, name="lightgbm")
        said = fraud("promote", "xgboost", new, "--gateway", NOWHERE)
        assert "several bundles: ['bundle-1', 'bundle-2']" in said
        back = fraud("rollback", "xgboost", "--gateway", NOWHERE)
        assert "several bundles" not in back

    def test_a_tampered_version_is_not_promoted(self, registry, fraud, var):
        _, new = two(registry)
        file = var / "registry" / "models" / "xgboost" / new / "weights.json"
        file.write_bytes(b"[]")
        assert "content-mismatch" in fraud("promote", "xgboost", new, status=1)

    def test_another_key_does_not_order(self, registry, fraud, monkeypatch):
        _, new = two(registry)
        monkeypatch.setenv("FRAUD_SIGNING_KEY", generate_keys().private_pem)
        assert "signature-invalid" in fraud("promote", "xgboost", new, status=1)

    def test_the_event_names_the_order(self, registry):
        one, _ = two(registry)
        book = registry.aliases("xgboost")
        event = announce.event(book, "champion", NOW)
        again = announce.event(book, "champion", NOW + timedelta(hours=1))
        assert (event.type, event.subject) == (MODEL_PROMOTED, "xgboost")
        assert event.data["version"] == one
        assert event.id == again.id


class TestImport:
    def test_a_booster_becomes_a_version(self, registry, fraud, tmp_path):
        import xgboost

        rng = np.random.default_rng(1)
        x = rng.normal(size=(400, 3)).astype(np.float32)
        y = (x[:, 0] > 1).astype(int)
        booster = xgboost.train(
            {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(x, y), 5
        )
        booster.save_model(tmp_path / "m.ubj")
        table = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "fraud": y})
        table.write_csv(tmp_path / "rows.csv")
        said = fraud(
            "import",
            str(tmp_path / "m.ubj"),
            "--name",
            "cards",
            "--sample",
            str(tmp_path / "rows.csv"),
            "--label",
            "fraud",
            "--feature-set",
            "cards",
        )
        assert "equal the original's" in said
        [version] = registry.versions("cards")
        made = registry.load("cards", version)
        assert made.metadata.features == ("a", "b", "c")

    def test_a_reason_not_to(self, fraud, tmp_path):
        (tmp_path / "m.pt").write_bytes(b"")
        said = fraud(
            "import",
            str(tmp_path / "m.pt"),
            "--name",
            "cards",
            "--sample",
            str(tmp_path / "rows.csv"),
            "--label",
            "fraud",
            "--feature-set",
            "cards",
            status=1,
        )
        assert ".pt: known are" in said


@pytest.fixture
def gateway():
    """Answers refreshes as the gateway does, to the holder of one key."""
    said = {"status": "swapped", "model": "xgboost", "after": {"version": "9.9"}}
    body = json.dumps({"scorers": {"xgboost": {"results": [said]}}}).encode()
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            right = self.headers["x-api-key"] == "right"
            self.send_response(200 if right else 403)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


class TestGateway:
    def test_receives_an_order(self, registry, fraud, gateway, monkeypatch):
        url, asked = gateway
        monkeypatch.setenv("FRAUD_ADMIN_KEY", "right")
        _, new = two(registry)
        said = fraud("promote", "xgboost", new, "--gateway", url)
        assert asked == ["/v1/admin/refresh-models"]
        assert "swapped" in said
        assert "9.9" in said

    def test_refuses_another_key(self, registry, fraud, gateway, monkeypatch):
        url, _ = gateway
        monkeypatch.setenv("FRAUD_ADMIN_KEY", "wrong")
        _, new = two(registry)
        said = fraud("promote", "xgboost", new, "--gateway", url, status=1)
        assert "FRAUD_ADMIN_KEY" in said
        assert registry.aliases("xgboost").target("champion").version == new
