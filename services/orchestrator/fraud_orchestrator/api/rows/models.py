"""What model owners do: datasets, models, retraining runs."""

from datetime import date

from fraud_orchestrator.api.rows.route import JSON, NDJSON, PublicRoute
from fraud_shared.contracts.datasets import (
    DatasetQuery,
    DatasetRows,
    DatasetVersion,
)
from fraud_shared.contracts.models import ModelCard, ModelList, RetrainingRun
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.web.keys import Scope

_MODELS: tuple[Scope, ...] = ("models", "audit")

DATASETS = (
    PublicRoute(
        "GET", "/v1/datasets", "post_auth", _MODELS, "models", "listDatasets",
        "Complete dataset versions, newest first",
        query=PageQuery, response=Page[DatasetVersion], command="datasets list",
    ),
    PublicRoute(
        "GET", "/v1/datasets/{day}", "post_auth", _MODELS, "models", "getDataset",
        "The settled rows of one day (UTC), to train on",
        query=DatasetQuery, response=DatasetRows, media=(JSON, NDJSON),
        parameters={"day": date}, examples={"day": "2026-03-02"}, timeout_ms=20_000.0,
        command="datasets export",
    ),
    PublicRoute(
        "POST", "/v1/datasets/export", "post_auth", ("models",), "models",
        "exportDataset", "Write what is settled as a new version now",
        response=DatasetVersion, timeout_ms=60_000.0, problems={"409": ("nothing-to-export",)},
        command="datasets write",
    ),
)  # fmt: skip

# Scorers read the registry; this one hosts the model that decides on risk.
MODELS = (
    PublicRoute(
        "GET", "/v1/models", "xgboost", _MODELS, "models", "listModels",
        "Champions and challengers of the registry, and their bundles",
        inner="/v1/registry/models", response=ModelList, timeout_ms=10_000.0,
    ),
    PublicRoute(
        "GET", "/v1/models/{name}/{version}/card", "xgboost", _MODELS, "models",
        "getModelCard", "Card and metadata of one version of a model",
        inner="/v1/registry/models/{name}/{version}/card", response=ModelCard,
        examples={"name": "xgboost", "version": "20260302.4"}, timeout_ms=10_000.0,
    ),
    PublicRoute(
        "GET", "/v1/retrainings", "xgboost", _MODELS, "models", "listRetrainings",
        "Retraining runs, newest first: what was judged, and what became of it",
        description="Not found where models are in MLflow: records then lie beside the "
        "datasets.",
        inner="/v1/registry/retrainings", query=PageQuery, response=Page[RetrainingRun],
        timeout_ms=10_000.0,
    ),
)  # fmt: skip
