"""`fraud models`: list, show, promote, roll back, import, verify, card, diff."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_ops.options import (
    Alias,
    Gateway,
    JsonOnly,
    ModelName,
    ModelVersion,
    Registry,
    Var,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console

    from fraud_scoring.registry.aliases import AliasBook
    from fraud_scoring.registry.port import ModelRegistry

models_app = typer.Typer(help="The model registry: look, order, import, verify.")


@models_app.command("list")
def list_(registry: Registry = "", as_json: JsonOnly = False, var: Var = None) -> None:
    """Every version of every model, verified, with aliases and figures."""
    from fraud_ops.models import command, context

    command.failing(
        lambda console: command.list_models(
            context.opened(var, registry), console, as_json=as_json
        )
    )


@models_app.command()
def show(
    name: ModelName,
    which: ModelVersion = "champion",
    registry: Registry = "",
    as_json: JsonOnly = False,
    var: Var = None,
) -> None:
    """All that is known of one version."""
    from fraud_ops.models import command, context

    command.failing(
        lambda console: command.show_model(
            context.opened(var, registry), name, which, console, as_json=as_json
        )
    )


def _order(
    order: "Callable[[ModelRegistry, datetime], AliasBook]",
    alias: str,
    registry: str,
    gateway: str,
    var: Path | None,
) -> None:
    from fraud_ops.models import command, context

    def run(console: "Console") -> None:
        place = context.opened(var, registry, writable=True)
        command.order(
            place, alias, lambda now: order(place.registry, now), gateway, console
        )

    command.failing(run)


@models_app.command()
def promote(
    name: ModelName,
    version: Annotated[str, typer.Argument(help="One that `list` shows.")],
    alias: Alias = "champion",
    registry: Registry = "",
    gateway: Gateway = "",
    var: Var = None,
) -> None:
    """Verify a version, point an alias at it by a signed order, have the scorers swap."""
    _order(
        lambda held, now: held.promote(name, version, alias, now=now),
        alias,
        registry,
        gateway,
        var,
    )


@models_app.command()
def rollback(
    name: ModelName,
    alias: Alias = "champion",
    registry: Registry = "",
    gateway: Gateway = "",
    var: Var = None,
) -> None:
    """Point an alias at what it pointed at before, by a newer signed order."""
    _order(
        lambda held, now: held.rollback(name, alias, now=now),
        alias,
        registry,
        gateway,
        var,
    )


@models_app.command("import")
def import_(
    what: Annotated[
        str,
        typer.Argument(
            help=".joblib, .pkl, .onnx, .ubj, an MLflow model's folder, models:/...",
        ),
    ],
    name: Annotated[str, typer.Option(help="The model's name here.")],
    sample: Annotated[
        Path, typer.Option(help="CSV or Parquet: the features in order, and a label.")
    ],
    label: Annotated[str, typer.Option(help="The label's column; above 0 is fraud.")],
    feature_set: Annotated[str, typer.Option(help="What its features are called.")],
    feature_set_version: Annotated[str, typer.Option(help="Of the feature set.")] = "1",
    bundle: Annotated[
        str, typer.Option(help="The release it belongs to.")
    ] = "imported",
    registry: Registry = "",
    var: Var = None,
) -> None:
    """Turn a model made elsewhere into a signed artefact of plain data, offline.

    A file is read in a process without network, secrets or other files; its scores on
    every sample row must equal the original's to 1e-6.
    """
    from fraud_ops.training_extra import require_training

    require_training("fraud models import")
    from fraud_ops.models import command, context
    from fraud_ops.models.importing.assemble import Naming
    from fraud_ops.models.importing.command import import_command

    naming = Naming(name, bundle, feature_set, feature_set_version)
    command.failing(
        lambda console: import_command(
            context.opened(var, registry, writable=True),
            what,
            sample,
            label,
            naming,
            console,
        )
    )


@models_app.command()
def verify(
    name: Annotated[str, typer.Argument(help="One model (default: all).")] = "",
    registry: Registry = "",
    as_json: JsonOnly = False,
    var: Var = None,
) -> None:
    """Check every signature, hash and alias, and that champions share a bundle."""
    from fraud_ops.models import command, context

    command.failing(
        lambda console: command.verify(
            context.opened(var, registry), name, console, as_json=as_json
        )
    )


@models_app.command()
def card(
    name: ModelName,
    which: ModelVersion = "champion",
    registry: Registry = "",
    var: Var = None,
) -> None:
    """The model card."""
    from fraud_ops.models import command, context

    command.failing(
        lambda console: command.card(
            context.opened(var, registry), name, which, console
        )
    )


@models_app.command()
def dossier(
    name: ModelName,
    which: ModelVersion = "champion",
    data: Annotated[str, typer.Option(help="Datasets (default: DATASET_URI).")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Markdown file (default: print it).")
    ] = None,
    registry: Registry = "",
    var: Var = None,
) -> None:
    """The governance dossier: purpose, data, validation, limits, stability, overrides,
    disparity by segment, sign-off, all from the registry."""
    from fraud_ops.models import command, context

    command.failing(
        lambda console: command.write_dossier(
            context.opened(var, registry), name, which, data, out, console
        )
    )


@models_app.command()
def diff(
    name: ModelName,
    one: ModelVersion,
    two: ModelVersion,
    registry: Registry = "",
    var: Var = None,
) -> None:
    """What is different between two versions: facts, figures, parameters, features."""
    from fraud_ops.models import command, context

    command.failing(
        lambda console: command.diff(
            context.opened(var, registry), name, one, two, console
        )
    )
