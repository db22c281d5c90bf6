"""`fraud schemas`: what is generated from the code and committed beside it.

JSON Schemas of the messages, OpenAPI of the ten services, AsyncAPI of the events and the
broker's definitions, the catalogues of reason codes,
problem types and retention periods, the tables of ISO codes, the online store's Redis
scripts, and the tables of settings, features and commands in README files, between markers.
"""

import importlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from rich.console import Console

from fraud_features.store.redis.script import scripts
from fraud_ops.asyncapi import asyncapi, rabbitmq_definitions
from fraud_ops.catalogues import (
    problems_page,
    reasons_page,
    retention_page,
    with_retention_settings,
)
from fraud_ops.commands_table import commands_table
from fraud_ops.deploy.dashboards import generated_dashboards
from fraud_ops.deploy.load import generated_thresholds
from fraud_ops.deploy.objectives import FILE as SLO_FILE
from fraud_ops.deploy.objectives import generated_rules
from fraud_ops.deploy.pages import generated_pages
from fraud_ops.deploy.variables import entries, fields_of, settings_of
from fraud_ops.gateway.operations import written
from fraud_ops.iso_tables import iso_tables
from fraud_ops.source_systems import source_systems_page
from fraud_shared.contracts import (
    action,
    cases,
    decision,
    events,
    features,
    label,
    payment_events,
    screening,
    signal,
    transaction,
)
from fraud_shared.contracts.describing import described
from fraud_shared.mesh.addresses import CONSOLE, SERVICES

CONTRACTS: tuple[type[BaseModel], ...] = (
    transaction.TransactionIn,
    transaction.Transaction,
    features.FeatureVector,
    signal.ScoreRequest,
    signal.Signal,
    signal.RulesRequest,
    signal.RulesResult,
    screening.ScreeningRequest,
    screening.ScreeningResult,
    decision.DecideRequest,
    decision.Ruling,
    decision.Decision,
    decision.DecisionMade,
    action.ActionRequest,
    action.ActionReply,
    action.ChallengeResolved,
    cases.CaseResolution,
    label.LabelReport,
    label.LabelReportIn,
    payment_events.PaymentEvent,
    payment_events.PaymentReported,
    label.LabelAccepted,
    events.CloudEvent,
    events.ListUpdated,
    events.ModelPromoted,
    label.LabelReported,
)
SCHEMA_FOLDER = Path("shared/fraud_shared/schemas")
OPENAPI_FOLDER = Path("deploy/openapi")
FEATURE_WORDS = Path("services/console/fraud_console/feature_words.json")
OPERATIONS = Path("ops/fraud_ops/gateway/operations.json")
LUA_FOLDER = Path("shared/fraud_features/fraud_features/store/redis/generated")
# Whatever the shell says, documents are made without stores, brokers and registries.
_ALONE = {
    "env": "development",
    "token_key": "",
    **dict.fromkeys(("database_url", "redis_url", "amqp_url"), ""),
    **dict.fromkeys(("registry_uri", "dataset_uri", "public_key"), ""),
}


def schemas_command(
    check: bool, root: Path = Path(), documents: Mapping[Path, str] | None = None
) -> None:
    """Write the generated files below `root`; with `check`, only compare, and exit with
    status 1 naming those that differ. `documents` are `generated()` unless given."""
    console = Console()
    wanted = {**(documents or generated()), **tables(root)}
    different = [p for p, text in wanted.items() if _read(root / p) != text]
    stale = sorted(_extra(root, wanted))
    for path in (*different, *stale):
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    if check:
        if different or stale:
            console.print("differ from the code: run `fraud schemas`")
            raise typer.Exit(1)
        return
    for path in different:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path])
    for path in stale:
        (root / path).unlink()
    console.print(f"{len(wanted)} files up to date")


def generated() -> dict[Path, str]:
    """The JSON Schema and OpenAPI files, the catalogues and the online store's scripts, by
    path from the root of the repository."""
    files = {SCHEMA_FOLDER / f"{m.__name__}.json": _schema(m) for m in CONTRACTS}
    files |= {LUA_FOLDER / f"{name}.lua": text for name, text in scripts().items()}
    files |= iso_tables()
    files[Path("deploy/asyncapi.json")] = asyncapi()
    files[Path("deploy/rabbitmq/definitions.json")] = rabbitmq_definitions()
    files[FEATURE_WORDS] = _feature_words()
    for service in SERVICES:
        files[OPENAPI_FOLDER / f"{service}.json"] = _openapi(service)
    gateway = json.loads(files[OPENAPI_FOLDER / "orchestrator.json"])
    files[OPERATIONS] = written(gateway)
    # After the apps: whatever a service can refuse with is imported by now.
    files[Path("docs/reasons.md")] = reasons_page()
    files[Path("docs/problems.md")] = problems_page()
    files[Path("docs/retention.md")] = retention_page()
    files[Path("docs/source-systems.md")] = source_systems_page()
    return files


def tables(root: Path) -> dict[Path, str]:
    """The README files that have markers, with fresh tables between them. What a setting
    means is said once, in `.env.example`, whose settings of retention are fresh too."""
    example = with_retention_settings(_read(root / ".env.example") or "")
    meanings = {entry.name: entry.meaning for entry in entries(example)}
    fresh = {
        Path(f"services/{service}/README.md"): (
            "settings",
            _settings_table(service, meanings),
        )
        for service in (*SERVICES, CONSOLE)
    }
    fresh[Path("shared/fraud_features/README.md")] = ("features", _features_table())
    for folder in ("ops", "lab"):
        table = _commands_table(f"fraud_{folder}")
        fresh[Path(folder) / "README.md"] = ("commands", table)
    found = {Path(".env.example"): example} if example else {}
    if (root / SLO_FILE).exists():
        found |= generated_rules(root) | generated_dashboards(root)
        found |= generated_thresholds(root) | generated_pages(root, example)
    for path, (name, table) in fresh.items():
        text = _read(root / path)
        if text is not None and f"<!-- {name}:begin -->" in text:
            found[path] = between_markers(text, name, table)
    return found


def between_markers(text: str, name: str, table: str) -> str:
    """`text` with `table` between its `name` markers."""
    marked = re.compile(
        rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", flags=re.DOTALL
    )
    return marked.sub(lambda m: f"{m[1]}{table.strip()}\n{m[2]}", text)


def _schema(model: type[BaseModel]) -> str:
    named = described({model.__name__: model.model_json_schema()})
    return _json(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:fraud:schema:{model.__name__}",
            **named[model.__name__],
        }
    )


def _openapi(service: str) -> str:
    settings = settings_of(service)
    create_app = importlib.import_module(f"fraud_{service}.app").create_app
    with tempfile.TemporaryDirectory() as var:
        known: dict[str, Any] = {
            k: v for k, v in _ALONE.items() if k in settings.model_fields
        }
        app = create_app(settings(**known, var_dir=Path(var)))
        return _json(app.openapi())


def _settings_table(service: str, meanings: Mapping[str, str]) -> str:
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for variable, field in fields_of(service).items():
        kind = _kind(field.annotation).replace("|", "\\|")
        meaning = meanings.get(variable, "").replace("|", "\\|")
        rows.append(f"| `{variable}` | {kind} | {_default(field)} | {meaning} |")
    return "\n".join(rows)


def _features_table() -> str:
    # Imported here: only this table needs the features.
    from fraud_features.definitions.registry import PAYMENT_FEATURES

    return PAYMENT_FEATURES.docs_table()


def _feature_words() -> str:
    """What each feature means, for the console, which holds no feature."""
    from fraud_features.definitions.registry import PAYMENT_FEATURES

    return _json(
        {
            one.name: {"meaning": one.description, "unit": one.unit}
            for one in PAYMENT_FEATURES.features
        }
    )


def _commands_table(package: str) -> str:
    # Imported here: the command imports this module.
    from fraud_ops.cli import complete

    return commands_table(complete(), package)


def _kind(annotation: Any) -> str:
    arguments = [a for a in get_args(annotation) if a is not Ellipsis]
    origin = get_origin(annotation)
    if isinstance(annotation, UnionType):
        return " or ".join(_kind(argument) for argument in arguments)
    if origin in (tuple, list, frozenset):
        return f"list of {_kind(arguments[0])}"
    if arguments:
        return ", ".join(f"`{argument}`" for argument in arguments)
    names: Mapping[Any, str] = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "true or false",
        Path: "path",
        SecretStr: "secret",
        timedelta: "duration",
        type(None): "none",
    }
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr) or value in ("", None, ()):
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, Path) and value.is_absolute():
        # Inside an installed package: its place on this machine is nobody's business.
        parts = [n for n, part in enumerate(value.parts) if part.startswith("fraud_")]
        value = Path(*value.parts[parts[-1] :]) if parts else value.name
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _extra(root: Path, wanted: Mapping[Path, str]) -> Iterator[Path]:
    kinds = ((SCHEMA_FOLDER, "json"), (OPENAPI_FOLDER, "json"), (LUA_FOLDER, "lua"))
    for folder, kind in kinds:
        for path in (root / folder).glob(f"*.{kind}"):
            if folder / path.name not in wanted:
                yield folder / path.name
