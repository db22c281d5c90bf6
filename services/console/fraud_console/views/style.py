"""Samples of every component, for the style guide page."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fraud_console.charts import bars, graph, series, waterfall
from fraud_console.fetch import Missing

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def samples() -> dict[str, Any]:
    """What the style guide shows."""
    verdicts = ("APPROVE", "APPROVE", "CHALLENGE", "APPROVE", "DECLINE")
    times = [
        (NOW - timedelta(seconds=7 * number), verdicts[number % 5])
        for number in range(80)
    ]
    parts = [
        ("card_n_1h", 4.0, 1.9),
        ("device_is_new", 1.0, 1.1),
        ("account_age_days", 812.0, -0.6),
    ]
    links = [
        graph.Link("device", "dev-1", "/entities/device/dev-1", True,
                   (("account", "acc-2", "/entities/account/acc-2"), ("account", "acc-3", ""))),
        graph.Link("card", "tok-1", "/entities/card/tok-1"),
    ]  # fmt: skip
    steps, zero = waterfall.contributions(parts)
    stages, total = waterfall.stages(
        {"online": 1.2, "screening": 2.4, "rules": 1.9, "models": 6.1, "decision": 1.4}
    )
    nodes, edges = graph.around(("account", "acc-1"), links)
    strip, mark = bars.strip([900, 1200, 1500, 2300, 2400, 8000], 64_000)
    return {
        "columns": series.columns(times, NOW),
        "steps": steps,
        "zero": zero,
        "stages": stages,
        "total_ms": total,
        "nodes": nodes,
        "edges": edges,
        "strip": strip,
        "mark": mark,
        "hours": bars.hours([8, 9, 9, 12, 12, 12, 18, 18, 19, 20], 3),
        "places": bars.shares({"DE": 38, "FR": 3, "BR": 0}, mark="BR"),
        "missing_part": Missing(
            "Cases: a service is down", "The action service did not answer."
        ),
        "long_name": "Maximiliana-Theodora von und zu Hohenstein-Langenburg-Schillingsfürst the Third",
    }
