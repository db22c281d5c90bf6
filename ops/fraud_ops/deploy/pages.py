"""Pages of the documentation that are made: settings, routes, the index of decisions."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fraud_ops.deploy.variables import Entry, entries

DOCS = Path("docs")
_SECTION = re.compile(r"^#--- (.+)$", re.MULTILINE)


def generated_pages(root: Path, example: str) -> dict[Path, str]:
    """The pages of `root` by path; `example` is the text of .env.example."""
    return {
        DOCS / "configuration.md": configuration_page(example),
        DOCS / "api.md": api_page(root),
        DOCS / "decisions" / "index.md": decisions_page(root),
    }


def configuration_page(example: str) -> str:
    """Every variable, by the sections of .env.example."""
    parts = _SECTION.split(example)
    tables = [
        f"## {title}\n\n" + "\n".join(_variables(list(entries(text))))
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    ]
    head = (
        "# Configuration\n\nWritten by `fraud schemas` from `.env.example`. Every setting "
        "is a variable of the environment; `make env` writes those that must have a value. "
        "The README of each service has its own with their types.\n\n"
    )
    return head + "\n\n".join(tables) + "\n"


def _variables(listed: list[Entry]) -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for one in listed:
        default = (
            (f"`{one.value}`" if one.value else "") if one.optional else "required"
        )
        cells = (f"`{one.name}`", default, one.meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def api_page(root: Path) -> str:
    """The gateway's routes, by their path."""
    document = json.loads((root / "deploy/openapi/orchestrator.json").read_text())
    rows = [
        f"| {method.upper()} | `{path}` | {_said(operation)} |"
        for path, methods in sorted(document["paths"].items())
        for method, operation in methods.items()
    ]
    head = (
        "# API\n\nWritten by `fraud schemas` from the gateway's OpenAPI document, which has "
        "the bodies (`deploy/openapi/orchestrator.json`, and `/docs` of a running gateway). "
        "Errors are [problems](problems.md).\n\n| | route | does |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def _said(operation: dict[str, Any]) -> str:
    text = operation.get("description") or operation.get("summary") or ""
    first = re.split(r"(?<=[.:;])\s|\n\n", text.strip())[0]
    return " ".join(first.split()).rstrip(".:;").replace("|", "\\|")


def decisions_page(root: Path) -> str:
    """The records of decisions, by number."""
    rows = []
    for file in sorted((root / DOCS / "decisions").glob("[0-9]*.md")):
        number, _, title = file.read_text().splitlines()[0].lstrip("# ").partition(" ")
        rows.append(f"| [{number}]({file.name}) | {title} |")
    head = "# Decisions\n\nWritten by `fraud schemas`.\n\n| | |\n|---|---|\n"
    return head + "\n".join(rows) + "\n"
