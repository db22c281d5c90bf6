"""Options that several commands take, each worded once; the laboratory's too."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fraud_ops.mesh.environment import LocalMesh

# Enough for every scenario, and a first bundle within a minute or two on two cores.
FIRST_BUNDLE = 120_000

# What a command prints, and how it ends.
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line.")
]
JsonOnly = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of a table.")
]
Enforce = Annotated[
    bool, typer.Option("--gate", help="Exit 1 when a gate does not hold.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Only compare; exit 1 when files differ.")
]
PlotsFolder = Annotated[Path | None, typer.Option(help="Folder for plots.")]

# What it works on.
Var = Annotated[
    Path | None, typer.Option(help="Folder for data, keys, logs (default ./var).")
]
Registry = Annotated[
    str, typer.Option(help="Path, URL or mlflow+URI (default: the mesh's registry).")
]
Alias = Annotated[str, typer.Option(help="champion or challenger.")]
Gateway = Annotated[str, typer.Option(help="Its address (default: the local mesh's).")]
ModelName = Annotated[str, typer.Argument(help="The model's name.")]
ModelVersion = Annotated[str, typer.Argument(help="A version or an alias.")]
ListsFolder = Annotated[
    Path,
    typer.Option("--lists", envvar="FRAUD_LISTS_DIR", help="Folder of list files."),
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="A policy file (default: the shipped one).")
]
DataFolder = Annotated[Path, typer.Option(help="Folder with the files.", exists=True)]
ScreeningData = Annotated[
    Path, typer.Option(help="Holds `sanctions` and `name-pairs`.")
]

# How much, how fast, which of many.
Payments = Annotated[int, typer.Option(help="How many simulated payments.")]
Days = Annotated[int, typer.Option(help="How many days of payments.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same choices.")]
NewSeed = Annotated[int, typer.Option(help="Never one used for training.")]
OpenLoopRate = Annotated[float, typer.Option(help="Open-loop rate.")]
Concurrency = Annotated[int, typer.Option(help="Callers in closed loop.")]
Seconds = Annotated[float, typer.Option(help="How long one measurement takes.")]
Rounds = Annotated[int, typer.Option(help="How often each is measured, in turn.")]
Threads = Annotated[int, typer.Option(help="Threads of one trainer.")]


def trained_mesh(
    var: Path | None, port: int = 8000, payments: int = FIRST_BUNDLE
) -> "LocalMesh":
    """The mesh in `var`, with first models when it has none yet."""
    # Imported here: --help should not wait for it.
    from fraud_ops.figures import wide_console
    from fraud_ops.mesh.environment import local_mesh
    from fraud_ops.mesh.first_models import train_if_empty

    mesh = local_mesh(var, port)
    train_if_empty(mesh, payments, wide_console())
    return mesh
