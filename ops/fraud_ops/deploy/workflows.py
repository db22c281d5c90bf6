"""What .github/workflows promise beyond their schema: pinned actions, few permissions."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(".github/workflows")
_PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
# Text that a stranger may choose: in a script it would be run.
_FOREIGN = re.compile(
    r"\$\{\{\s*github\.(head_ref|event\.(issue|pull_request|comment|commits?|head_commit))"
)


def workflow_problems(root: Path) -> list[str]:
    """What is wrong with the workflows in `root`, as `file: job: what`."""
    return [
        f"{file.name}: {problem}"
        for file in sorted((root / FOLDER).glob("*.y*ml"))
        for problem in problems(yaml.safe_load(file.read_text()))
    ]


def problems(workflow: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one parsed workflow."""
    if workflow.get("permissions") != {"contents": "read"}:
        yield "its permissions must begin with reading, and no more"
    for name, job in workflow["jobs"].items():
        for problem in _of_job(job):
            yield f"{name}: {problem}"


def _of_job(job: Mapping[str, Any]) -> Iterator[str]:
    if "uses" not in job and "timeout-minutes" not in job:
        yield "may run for hours"
    for step in job.get("steps", ()):
        used = step.get("uses", "")
        if used and not used.startswith("./") and not _PINNED.match(used):
            yield f"{used} is not pinned to a commit"
        kept = step.get("with", {}).get("persist-credentials") is not False
        if used.startswith("actions/checkout@") and kept:
            yield "the checkout leaves its token behind"
        if _FOREIGN.search(str(step.get("run", ""))):
            yield "runs text that a stranger may choose"
