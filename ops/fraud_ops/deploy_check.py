"""`fraud deploy-check`: the deployment files against their schemas and against the code."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import typer
import yaml
from rich.console import Console

from fraud_ops.deploy.compose import compose_problems
from fraud_ops.deploy.kubernetes import chart_problems
from fraud_ops.deploy.linters import COMMANDS, OPTIONAL, lint, missing
from fraud_ops.deploy.migrations import migration_problems
from fraud_ops.deploy.queries import query_problems
from fraud_ops.deploy.swarm import stack_problems
from fraud_ops.deploy.variables import example_problems
from fraud_ops.deploy.workflows import workflow_problems

Check = Callable[[Path], list[str]]


def compose_file_problems(root: Path) -> list[str]:
    """`compose_problems` of the file in `root`."""
    return compose_problems(yaml.safe_load((root / "docker-compose.yml").read_text()))


def stack_file_problems(root: Path) -> list[str]:
    """`stack_problems` of the file in `root`."""
    return stack_problems(yaml.safe_load((root / "deploy" / "stack.yml").read_text()))


CHECKS: Mapping[str, Check] = {
    **{name: partial(lint, name) for name in (*COMMANDS, *OPTIONAL)},
    "docker-compose.yml": compose_file_problems,
    ".env.example": example_problems,
    "stack.yml": stack_file_problems,
    "helm chart": chart_problems,
    "queries": query_problems,
    "migrations": migration_problems,
    "workflows": workflow_problems,
}


def deploy_check_command(root: Path = Path()) -> None:
    """Print what is wrong with the deployment files of `root`; exit status 1 if anything
    is."""
    console = Console()
    failed = False
    for name, check in CHECKS.items():
        if missing(name):
            console.print(f"{name}: not installed here, left out")
            continue
        problems = check(root)
        failed = failed or bool(problems)
        console.print(f"{name}: {'ok' if not problems else f'{len(problems)} wrong'}")
        for problem in problems:
            console.print(f"  {problem}", markup=False, highlight=False)
    if failed:
        raise typer.Exit(1)
