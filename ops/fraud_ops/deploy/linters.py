"""Other people's linters, each as a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

WORKFLOWS = ("check", "test", "images", "nightly", "release")
# The schemas are those that the Compose Specification and SchemaStore publish, as
# check-jsonschema ships them.
COMMANDS: Mapping[str, Sequence[str]] = {
    "compose schema": (
        *(sys.executable, "-m", "check_jsonschema"),
        *("--builtin-schema", "vendor.compose-spec"),
        *("docker-compose.yml", "docker-compose.dev.yml", "deploy/stack.yml"),
    ),
    "workflow schema": (
        *(sys.executable, "-m", "check_jsonschema"),
        *("--builtin-schema", "vendor.github-workflows"),
        *(f".github/workflows/{name}.yml" for name in WORKFLOWS),
    ),
    "yamllint": (sys.executable, "-m", "yamllint", "--strict", "."),
    # Broken links and pages that nothing leads to are errors.
    "documentation": (
        *(sys.executable, "-m", "mkdocs"),
        *("build", "--strict", "--quiet", "--site-dir", "build/site"),
    ),
    "hadolint": (
        str(Path(sys.executable).parent / "hadolint"),
        *("--failure-threshold", "style", "deploy/docker/Dockerfile"),
    ),
}


# Checked where they are installed (Debian: prometheus, prometheus-alertmanager).
OPTIONAL: Mapping[str, Sequence[str]] = {
    "promtool": ("promtool", "check", "config", "deploy/prometheus/prometheus.yml"),
    "amtool": ("amtool", "check-config", "deploy/alertmanager/alertmanager.yml"),
}


def missing(name: str) -> bool:
    """Whether an optional linter is not on this machine."""
    return name in OPTIONAL and shutil.which(OPTIONAL[name][0]) is None


def lint(name: str, root: Path) -> list[str]:
    """What the linter `name` of COMMANDS or OPTIONAL finds below `root`, a line each."""
    done = subprocess.run(
        {**COMMANDS, **OPTIONAL}[name],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return []
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.strip()] or [f"status {done.returncode}"]
