"""The spans that the services of a local mesh wrote, as JSON lines in the SDK's own form."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

# Written by a service now, and before: see `fraud_shared.web.span_export`.
PATTERNS = ("*.old", "*.jsonl")


@dataclass(frozen=True)
class StoredSpan:
    """One span. Times in milliseconds of Unix time."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start_ms: float
    end_ms: float
    failed: bool
    attributes: dict[str, Any] = field(hash=False)

    @property
    def ms(self) -> float:
        """How long it took."""
        return self.end_ms - self.start_ms


def spans(folder: Path, trace_id: str = "") -> Iterator[StoredSpan]:
    """The spans of a trace, or of all; a line that was cut off is passed over."""
    for pattern in PATTERNS:
        for path in sorted(folder.glob(pattern)):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    if trace_id in line and (found := _read(line)) is not None:
                        yield found


def roots(folder: Path) -> list[StoredSpan]:
    """Where each stored trace begins, the newest first."""
    first: dict[str, StoredSpan] = {}
    for span in spans(folder):
        known = first.get(span.trace_id)
        if known is None or span.start_ms < known.start_ms:
            first[span.trace_id] = span
    return sorted(first.values(), key=lambda span: -span.start_ms)


def fullest(folder: Path) -> list[StoredSpan]:
    """The trace that passed the most services; empty when none is stored."""
    by_trace: dict[str, list[StoredSpan]] = defaultdict(list)
    for span in spans(folder):
        by_trace[span.trace_id].append(span)
    return max(
        by_trace.values(), key=lambda found: len({s.service for s in found}), default=[]
    )


def _read(line: str) -> StoredSpan | None:
    try:
        span = json.loads(line)
    except ValueError:
        return None
    return StoredSpan(
        trace_id=_hex(span["context"]["trace_id"]),
        span_id=_hex(span["context"]["span_id"]),
        parent_id=_hex(span["parent_id"] or ""),
        service=span["resource"]["attributes"].get("service.name", "?"),
        name=span["name"],
        kind=span["kind"].removeprefix("SpanKind.").lower(),
        start_ms=_ms(span["start_time"]),
        end_ms=_ms(span["end_time"]),
        failed=span["status"]["status_code"] == "ERROR",
        attributes=span["attributes"],
    )


def _hex(text: str) -> str:
    return text.removeprefix("0x")


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
