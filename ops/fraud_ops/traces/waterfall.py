"""A trace as a waterfall: who waited for whom, from when and how long."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from fraud_ops.traces.store import StoredSpan

WIDTH = 40
_COLOURS = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_green")


def waterfall(spans: Sequence[StoredSpan]) -> Table:
    """The spans of one trace, each below the one that waits for it. The bars' scale is the
    first span; what began after its end, as a consumer does, is said in milliseconds."""
    first = min(spans, key=lambda span: span.start_ms)
    colours = {
        service: _COLOURS[n % len(_COLOURS)]
        for n, service in enumerate(dict.fromkeys(s.service for s, _ in _tree(spans)))
    }
    table = Table("service", "span", title=f"Trace {first.trace_id}")
    table.add_column("from ms", justify="right")
    table.add_column("ms", justify="right")
    table.add_column("", no_wrap=True)
    for span, depth in _tree(spans):
        colour = "red" if span.failed else colours[span.service]
        table.add_row(
            Text(span.service, style=colour),
            Text("  " * depth + named(span)),
            f"{span.start_ms - first.start_ms:.1f}",
            f"{span.ms:.1f}",
            Text(bar(span, first), style=colour),
        )
    return table


def named(span: StoredSpan) -> str:
    """A span's name, with whom it calls where the name does not say it."""
    peer = span.attributes.get("peer.service")
    decided = span.attributes.get("fraud.decision")
    more = peer or decided
    return f"{span.name} {more}" if more else span.name


def bar(span: StoredSpan, first: StoredSpan) -> str:
    """Where a span lies in the first one, on `WIDTH` places; `»` when after it."""
    scale = WIDTH / max(first.ms, 0.001)
    begins = int((span.start_ms - first.start_ms) * scale)
    if begins >= WIDTH:
        return " " * (WIDTH - 1) + "»"
    length = max(1, round(span.ms * scale))
    return " " * max(begins, 0) + "█" * min(length, WIDTH - begins)


def _tree(spans: Sequence[StoredSpan]) -> Iterator[tuple[StoredSpan, int]]:
    """Each span with its depth, callers before callees, in the order of time."""
    known = {span.span_id for span in spans}
    below: dict[str, list[StoredSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start_ms):
        below[span.parent_id if span.parent_id in known else ""].append(span)

    def descend(parent: str, depth: int) -> Iterator[tuple[StoredSpan, int]]:
        for span in below[parent]:
            yield span, depth
            yield from descend(span.span_id, depth + 1)

    return descend("", 0)
