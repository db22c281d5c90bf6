"""The demo's tables."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from fraud_lab.demo.play import HONEST, Tally

VERDICTS = ("APPROVE", "CHALLENGE", "DECLINE")
BAR = 40


def by_scenario(console: Console, tally: Tally) -> None:
    """Scenario × decision, with the money that was stopped and that went through."""
    table = Table(
        "scenario",
        *VERDICTS,
        "stopped",
        "EUR saved",
        "EUR lost",
        title="What the mesh decided",
    )
    for row in sorted(set(tally.verdicts) - {HONEST}):
        counts = tally.verdicts[row]
        total = sum(counts.values())
        table.add_row(
            row,
            *(str(counts[v]) for v in VERDICTS),
            f"{1 - counts['APPROVE'] / total:.0%}",
            _euros(tally.stopped_minor[row]),
            _euros(tally.passed_minor[row]),
        )
    table.add_section()
    honest = tally.verdicts[HONEST]
    table.add_row(
        HONEST, *(str(honest[v]) for v in VERDICTS), f"{tally.disturbed:.2%}", "", ""
    )
    console.print(table)
    if tally.disturbed_by:
        causes = ", ".join(
            f"{n} x {cause}" for cause, n in tally.disturbed_by.most_common()
        )
        console.print(f"honest payments were disturbed by: {causes}")
    if tally.degraded:
        console.print(f"decided without some evidence: {dict(tally.degraded)}")


def latency(console: Console, tally: Tally) -> dict[str, float]:
    """Percentiles over all payments, as the client saw them."""
    p50, p95, p99 = np.percentile(tally.latency_ms, [50, 95, 99]).round(2).tolist()
    table = Table("payments", "p50 ms", "p95 ms", "p99 ms", title="Latency")
    table.add_row(str(len(tally.latency_ms)), str(p50), str(p95), str(p99))
    console.print(table)
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


def explained(console: Console, decision: dict[str, Any]) -> None:
    """One decision with everything that led to it."""
    console.rule(f"One decision explained: {decision['decision']}")
    risk = decision["risk"]
    console.print(
        f"transaction {decision['transaction_id']}\n"
        f"risk {'unknown' if risk is None else f'{risk:.3f}'}, "
        f"confidence {decision['confidence']:.2f}, "
        f"challenge {decision['challenge']}, trace {decision['trace_id']}"
    )
    reasons = Table("reason", "from", "weight", "in words")
    for reason in decision["reasons"]:
        reasons.add_row(
            reason["code"], reason["source"], f"{reason['weight']:.2f}", reason["text"]
        )
    console.print(reasons)
    if decision["rules"]["hits"]:
        hits = Table("rule", "effect", "severity", "because")
        for hit in decision["rules"]["hits"]:
            hits.add_row(hit["rule"], hit["effect"], hit["severity"], hit["reason"])
        console.print(hits)
    signals = Table("model", "score", "raw", "what moved it most")
    for signal in decision["signals"]:
        top = ", ".join(
            f"{c['feature']} {c['contribution']:+.2f}"
            for c in signal["top_features"][:4]
        )
        score = signal["score"]
        raw = " ".join(f"{k}={v:.3f}" for k, v in signal["raw"].items())
        shown = signal["outcome"] if score is None else f"{score:.3f}"
        signals.add_row(signal["source"], shown, raw, top)
    console.print(signals)


def timings(console: Console, decision: dict[str, Any]) -> None:
    """One trace's stages, as bars."""
    stages: dict[str, float] = decision["timings_ms"]
    longest = max(stages.values())
    table = Table("stage", "ms", "", title=f"Trace {decision['trace_id']}")
    for stage, ms in stages.items():
        table.add_row(stage, f"{ms:.2f}", "█" * max(1, round(BAR * ms / longest)))
    console.print(table)


def _euros(minor: int) -> str:
    return f"{minor / 100:,.0f}"
