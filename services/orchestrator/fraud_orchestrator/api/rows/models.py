"""What model owners do: datasets."""

from datetime import date

from fraud_orchestrator.api.rows.route import JSON, NDJSON, PublicRoute
from fraud_shared.contracts.datasets import (
    DatasetQuery,
    DatasetRows,
    DatasetVersion,
)
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
