"""Other people's linters, each as a process of its own."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# The schema is the one that the Compose Specification publishes, as check-jsonschema
# ships it.
COMMANDS: Mapping[str, Sequence[str]] = {
    "compose schema": (
        *(sys.executable, "-m", "check_jsonschema"),
        *("--builtin-schema", "vendor.compose-spec"),
        *("docker-compose.yml", "docker-compose.dev.yml"),
    ),
    "yamllint": (sys.executable, "-m", "yamllint", "--strict", "."),
    "hadolint": (
        str(Path(sys.executable).parent / "hadolint"),
        *("--failure-threshold", "style", "deploy/docker/Dockerfile"),
    ),
}


def lint(name: str, root: Path) -> list[str]:
    """What the linter `name` of COMMANDS finds below `root`, a line each."""
    done = subprocess.run(
        COMMANDS[name], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return []
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.strip()] or [f"status {done.returncode}"]
