"""Options that several commands take, each worded once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fraud_ops.mesh.environment import LocalMesh

# Enough for every scenario, and a first bundle within a minute or two on two cores.
FIRST_BUNDLE = 120_000

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line.")
]
Enforce = Annotated[
    bool, typer.Option("--gate", help="Exit 1 when a gate does not hold.")
]
Var = Annotated[
    Path | None, typer.Option(help="Folder for data, keys, logs (default ./var).")
]
Check = Annotated[
    bool, typer.Option("--check", help="Only compare; exit 1 when files differ.")
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="A policy file (default: the shipped one).")
]
OpenLoopRate = Annotated[float, typer.Option(help="Open-loop rate.")]
NewSeed = Annotated[int, typer.Option(help="Never one used for training.")]
ScreeningData = Annotated[
    Path, typer.Option(help="Holds `sanctions` and `name-pairs`.")
]


def trained_mesh(
    var: Path | None, port: int = 8000, payments: int = FIRST_BUNDLE
) -> "LocalMesh":
    """The mesh in `var`, with first models when it has none yet."""
    # Imported here: --help should not wait for it.
    from fraud_ops.mesh.up import local_mesh, train_if_empty

    mesh = local_mesh(var, port)
    train_if_empty(mesh, payments)
    return mesh
