"""Every model API of the source systems, asked at the gateway of a whole mesh."""

import importlib
import shutil
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fraud_features.definitions.registry import CREDIT_CARD
from fraud_lab.chaos.registries import again, registry_at
from fraud_ops.train import auto_loan, ieee_cis
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.training.assemble import publish
from fraud_scoring.training.synthetic import synthetic

LOAN_VALUES = (35, 1, 1, 0, 0, 0, 2, 0.3, 0, 1, 0.8, 1.2, 0.5, 0.0, 0)
ROWS: dict[str, dict[str, Any]] = {
    "auto_loan": dict(zip(auto_loan.FEATURES, LOAN_VALUES, strict=True)),
    "ieee_cis": {
        **dict.fromkeys(ieee_cis.COLUMNS),
        "TransactionAmt": 150.00,
        "ProductCD": "W",
    },
    "credit_card": {**dict.fromkeys(CREDIT_CARD.names, 0.0), "Amount": 149.62},
}


async def ask(mesh: Any, path: str, body: Any) -> Any:
    reply = await mesh.http.post(path, json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_every_model_answers_by_name_with_its_version_and_hash(run: Any) -> None:
    async with run() as mesh:
        found = {
            model: await ask(mesh, "/v1/predict", {"model": model, "instances": [row]})
            for model, row in ROWS.items()
        }
        card = await ask(mesh, "/v1/fraud-score", ROWS["credit_card"])
        versions = (await mesh.http.get("/v1/version")).json()
        document = (await mesh.http.get("/openapi.json")).json()
    for model, reply in found.items():
        assert reply["model"] == versions["models"][model]
        [prediction] = reply["predictions"]
        assert 0 <= prediction["score"] <= 1
    served = versions["models"]["credit_card"]
    assert card["model-version"] == served["version"]
    assert card["model-hash"] == served["hash"]
    assert card["fraud-score"] == round(
        found["credit_card"]["predictions"][0]["score"] * 100
    )
    inputs = versions["loaded_models"]["ieee_cis"]["signature_inputs"]
    assert inputs == list(ieee_cis.COLUMNS)
    schemas = document["components"]["schemas"]
    assert list(schemas["IeeeCisInstance"]["properties"]) == inputs


async def test_model_owners_read_what_the_registry_names(run: Any) -> None:
    async with run() as mesh:
        served = (await mesh.http.get("/v1/version")).json()["models"]["xgboost"]
        listed = (await mesh.http.get("/v1/models")).json()
        card = await mesh.http.get(f"/v1/models/xgboost/{served['version']}/card")
        runs = await mesh.http.get("/v1/retrainings", params={"limit": 5})
    named = {(one["name"], one["alias"]): one for one in listed["models"]}
    champion = named["xgboost", "champion"]
    assert {name: champion[name] for name in served} == served
    assert listed["champion"] == served["bundle"]
    assert champion["metrics"]["average_precision"] > 0
    assert ("lightgbm", "champion") in named or ("lightgbm", "challenger") in named
    assert all(one["problem"] is None for one in listed["models"])
    assert card.json()["hash"] == served["hash"]
    assert card.json()["model_card"].startswith("# ")
    assert runs.json() == {"items": [], "next_cursor": None}


async def test_a_wrong_row_is_refused_field_by_field(run: Any) -> None:
    row = {**ROWS["auto_loan"], "age": "35", "more": 1}
    del row["ltv_ratio"]
    async with run() as mesh:
        reply = await mesh.http.post(
            "/v1/predict", json={"model": "auto_loan", "instances": [row]}
        )
    assert reply.status_code == 422
    assert {error["field"] for error in reply.json()["errors"]} == {
        "instances.0.age",
        "instances.0.ltv_ratio",
        "instances.0.more",
    }


async def test_a_refresh_reaches_every_scorer(run: Any) -> None:
    async with run() as mesh:
        found = await ask(mesh, "/v1/admin/refresh-models", None)
    assert found["changed"] == {}
    statuses = {
        swap["model"]: swap["status"]
        for reply in found["scorers"].values()
        for swap in reply["results"]
    }
    assert set(statuses.values()) == {"unchanged"}
    assert {"xgboost", "lightgbm", *ROWS} <= set(statuses)


@pytest.fixture
def registry(environment: Any, monkeypatch: Any) -> ModelRegistry:
    """A copy of the shared registry, for orders of this test's own."""
    own_registry = environment.var / "own-registry"
    shutil.copytree(environment.registry, own_registry)
    monkeypatch.setenv("MODEL_REGISTRY_URI", str(own_registry))
    return registry_at(environment, str(own_registry))


BANK_MODELS = {
    "isolation_forest": "champion",
    "autoencoder": "champion",
    "xgboost": "champion",
    "lightgbm": "challenger",
}


@pytest.mark.parametrize("path", ["/v1/admin/refresh-models", "/admin/refresh-models"])
async def test_a_new_bundle_serves_everywhere_at_once(
    run: Any, registry: ModelRegistry, path: str
) -> None:
    made = {}
    async with run() as mesh:
        before = await mesh.score()
        for name, alias in BANK_MODELS.items():
            now = datetime.now(UTC)
            old = registry.aliases(name).target(alias).version
            draft = replace(again(registry.load(name, old)), bundle="bundle-2")
            made[name] = registry.publish(draft, now=now).ref
            registry.promote(name, made[name].version, alias, now=now)
        changed = (await ask(mesh, path, None))["changed"]
        versions = (await mesh.http.get("/v1/version")).json()["models"]
        described = {
            name: (await mesh.http.get("/v1/model-info", params={"model": name})).json()
            for name in BANK_MODELS
        }
        after = await mesh.score()
    assert {name: change["to"] for name, change in changed.items()} == {
        name: ref.version for name, ref in made.items()
    }
    for name, ref in made.items():
        assert versions[name] == described[name]["ref"] == ref.model_dump()
    bundles = [
        {signal["model"]["bundle"] for signal in reply["signals"]}
        for reply in (before, after)
    ]
    assert [len(found) for found in bundles] == [1, 1]
    assert bundles[1] == {"bundle-2"}


async def test_another_feature_registry_is_another_schema(
    run: Any, registry: ModelRegistry
) -> None:
    """A `credit_card` model with features that no code knows, promoted while all runs."""
    data, now = synthetic(), datetime.now(UTC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        fitted = importlib.import_module("fraud_xgboost.train").train(data)
    old, new = ROWS["credit_card"], dict.fromkeys(data.features, 0.5)
    async with run() as mesh:
        before = await ask(mesh, "/v1/fraud-score", old)
        made = publish("credit_card", fitted, data, registry, now=now).artifact
        version = made.manifest.version
        registry.promote("credit_card", version, "champion", now=now)
        changed = await ask(mesh, "/v1/admin/refresh-models", None)
        one = await ask(mesh, "/v1/fraud-score", new)
        many = await ask(mesh, "/v1/fraud-score/batch", {"transactions": [new, new]})
        named = await ask(
            mesh, "/v1/predict", {"model": "credit_card", "instances": [new]}
        )
        refused = await mesh.http.post("/v1/fraud-score", json=old)
        versions = (await mesh.http.get("/v1/version")).json()
        document = (await mesh.http.get("/openapi.json")).json()
    assert before["model-version"] != version
    assert changed["changed"]["credit_card"]["to"] == version
    assert versions["models"]["credit_card"] == named["model"]
    assert one == many["results"][0]
    assert (one["model-version"], one["model-hash"]) == (version, made.hash)
    assert refused.status_code == 422
    wrong = {error["field"] for error in refused.json()["errors"]}
    assert wrong == {*old, *new}
    schemas = document["components"]["schemas"]
    for name in ("CardRow", "CreditCardInstance"):
        assert list(schemas[name]["properties"]) == list(data.features)
