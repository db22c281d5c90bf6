"""What the services wrote of a request is found again, and shown as it was."""

from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind
from rich.console import Console
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.traces.store import StoredSpan, roots, spans
from fraud_ops.traces.waterfall import WIDTH, bar, waterfall
from fraud_shared.mesh.spans import Spans
from fraud_shared.web.span_export import BoundedLines, file_exporter
from fraud_shared.web.tracing import Tracing

MS = 1_000_000


def written(folder: Path) -> str:
    """A gateway's request of 100 ms, and in it a failing call of the rules; its trace."""
    gateway, rules = (
        Tracing(name, to=[file_exporter(folder, name)])
        for name in ("orchestrator", "rules")
    )
    assert gateway.tracer is not None
    assert rules.tracer is not None
    root = gateway.tracer.start_span("POST /score", start_time=1000 * MS)
    hop = Spans(gateway.tracer, [root]).start(
        "POST", SpanKind.CLIENT, {"peer.service": "rules"}
    )
    callee = Spans(rules.tracer, hop.spans).start("POST /evaluate", SpanKind.SERVER, {})
    callee.fail("500")
    callee.end()
    hop.end()
    root.end(1100 * MS)
    gateway.shutdown()
    rules.shutdown()
    return f"{root.get_span_context().trace_id:032x}"


def span(start_ms: float, ms: float) -> StoredSpan:
    return StoredSpan(
        "t", "s", "", "a", "n", "server", start_ms, start_ms + ms, False, {}
    )


class TestStore:
    def test_spans_of_several_services_are_one_trace(self, tmp_path: Path) -> None:
        trace_id = written(tmp_path)
        found = {s.name: s for s in spans(tmp_path, trace_id)}
        assert found["POST /evaluate"].parent_id == found["POST"].span_id
        assert found["POST"].parent_id == found["POST /score"].span_id
        assert found["POST /score"].ms == pytest.approx(100)
        assert found["POST /evaluate"].failed
        assert [s.name for s in roots(tmp_path)] == ["POST /score"]

    def test_a_line_that_was_cut_off_is_passed_over(self, tmp_path: Path) -> None:
        trace_id = written(tmp_path)
        with (tmp_path / "rules.jsonl").open("a") as file:
            file.write(f'{{"context":"{trace_id}')
        assert len(list(spans(tmp_path, trace_id))) == 3

    def test_a_file_is_bounded_and_what_was_before_it_is_read(
        self, tmp_path: Path
    ) -> None:
        lines = BoundedLines(tmp_path / "a.jsonl", largest=100)
        for n in range(10):
            lines.write(f"{n}" * 60 + "\n")
            lines.flush()
        files = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
        assert files == {"a.old": 122}
        lines.close()


class TestWaterfall:
    def test_callees_are_below_their_callers(self, tmp_path: Path) -> None:
        trace_id = written(tmp_path)
        console = Console(width=160)
        with console.capture() as printed:
            console.print(waterfall(list(spans(tmp_path, trace_id))))
        rows = [line for line in printed.get().splitlines() if "POST" in line]
        assert "│ POST /score" in rows[0]
        assert "│   POST rules" in rows[1]
        assert "│     POST /evaluate" in rows[2]

    @pytest.mark.parametrize(
        ("start_ms", "ms", "drawn"),
        [
            (0, 100, "█" * WIDTH),
            (50, 25, " " * (WIDTH // 2) + "█" * (WIDTH // 4)),
            (90, 500, " " * (WIDTH * 9 // 10) + "█" * (WIDTH // 10)),
            (700, 5, " " * (WIDTH - 1) + "»"),
            (10, 0, " " * (WIDTH // 10) + "█"),
        ],
    )
    def test_bars_lie_in_the_first_span(
        self, start_ms: float, ms: float, drawn: str
    ) -> None:
        assert bar(span(start_ms, ms), span(0, 100)) == drawn


class TestCommand:
    def test_shows_a_trace_and_lists_all(self, tmp_path: Path) -> None:
        trace_id = written(tmp_path / "traces")
        shown = CliRunner().invoke(app, ["trace", trace_id, "--var", str(tmp_path)])
        assert shown.exit_code == 0
        assert "POST /evaluate" in shown.output
        listed = CliRunner().invoke(app, ["trace", "--var", str(tmp_path)])
        assert trace_id in listed.output

    @pytest.mark.parametrize(("given", "code"), [("0" * 32, 1), ("no-id", 2)])
    def test_an_id_that_is_none_is_refused(
        self, tmp_path: Path, given: str, code: int
    ) -> None:
        result = CliRunner().invoke(app, ["trace", given, "--var", str(tmp_path)])
        assert result.exit_code == code
