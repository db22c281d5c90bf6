"""First models for a mesh that has none, trained in a process of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from fraud_ops.mesh.children import end_with_parent
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError
from fraud_ops.signing import signing_key
from fraud_ops.training_extra import require_training
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.aliases import CHAMPION
from fraud_scoring.registry.file import open_registry

SEED = 1


class TrainingFailed(CommandError):
    """The process that trains ended without models; what it printed says why."""


def train_if_empty(mesh: LocalMesh, payments: int, console: Console) -> None:
    """Train a first bundle when the registry has no champion.

    A child process trains: a gigabyte of training libraries goes when it ends. Its progress
    appears on this process's terminal. Raises `TrainingExtraMissing`, `TrainingFailed`.
    """
    mesh.prepare()
    if has_models(mesh.registry, mesh.var):
        return
    require_training("the registry has no models, and training them")
    console.print(f"[bold]No models yet:[/] training on {payments:,} payments.")
    run_training(train_arguments(mesh, payments))


def has_models(registry: str, var_dir: Path) -> bool:
    """Whether the registry at that address has a champion. The key is that of
    `FRAUD_SIGNING_KEY`, on a developer's machine else that of `var_dir`."""
    found = open_registry(registry, Verifier(signing_key(var_dir).public_pem))
    return CHAMPION in found.aliases("xgboost").aliases


def train_arguments(mesh: LocalMesh, payments: int) -> list[str]:
    """The command that fills the registry of `mesh`."""
    return [
        *(sys.executable, "-m", "fraud_ops", "train"),
        *("--payments", str(payments), "--seed", str(SEED)),
        *("--registry", mesh.registry, "--var", str(mesh.var)),
    ]


def run_training(arguments: Sequence[str]) -> None:
    """Run a command that trains until it ends. Raises `TrainingFailed`."""
    done = subprocess.run(arguments, check=False, preexec_fn=end_with_parent)
    if done.returncode:
        raise TrainingFailed(
            f"the first training ended with status {done.returncode}; "
            "what it printed above says why"
        )
