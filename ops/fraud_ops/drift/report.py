"""The drift report: one HTML page that needs nothing else, for a person to read."""

from collections.abc import Sequence
from html import escape
from typing import Any

from fraud_post_auth.drift import CALENDAR, Calibration, Drift
from fraud_post_auth.stability import ColumnDrift

WARN, ALARM = 0.1, 0.25
_SHOWN = 30
_WIDTH, _HEIGHT = 640, 120
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:left;
border-bottom:1px solid #d8dee4}td.n{text-align:right;font-variant-numeric:tabular-nums}
.ok{color:#116329}.warn{color:#7d4e00}.alarm{color:#a40e26;font-weight:600}
svg{display:block;margin:.3rem 0 1.2rem}figcaption{color:#59636e}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}
td,th{border-color:#30363d}.ok{color:#4ac26b}.warn{color:#d4a72c}.alarm{color:#ff8182}}
"""


def page(drift: Drift, version: str) -> str:
    """The page for a data version."""
    before, now = drift.payments_per_day
    alarms = [
        one
        for one in (*drift.scores, *drift.features)
        if one.psi >= ALARM and one.name not in CALENDAR
    ]
    summary = (
        f"{len(alarms)} column(s) have moved: "
        + ", ".join(escape(one.name) for one in alarms[:8])
        if alarms
        else "Nothing has moved much."
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Drift of {escape(version)}</title>
<style>{_STYLE}</style></head><body>
<h1>Drift</h1>
<p>Data version <code>{escape(version)}</code>, payments from {drift.began:%Y-%m-%d} to
{drift.ended:%Y-%m-%d} against those before.</p>
<p><strong>{summary}</strong></p>
<p>Payments a day: {before:,.0f} before, {now:,.0f} now.</p>
{_calibration(drift.calibration)}
{_categories(drift)}
<h2>Day by day</h2>
{_charts(drift.daily)}
<h2>Scores</h2>{_columns(drift.scores)}
<h2>Features</h2>{_columns(drift.features[:_SHOWN])}
<p>Population stability index over ten equally full bins of the earlier payments and one
for unknown: below {WARN:g} nothing moved, from {ALARM:g} on something did. Columns that
count time or age move by themselves; they raise no alarm.</p>
</body></html>
"""


def _columns(columns: Sequence[ColumnDrift]) -> str:
    if not columns:
        return "<p>Too few payments to compare.</p>"
    rows = "".join(
        f"<tr><td><code>{escape(one.name)}</code></td>"
        f'<td class="n {_level(one)}">{one.psi:.3f}</td>'
        f'<td class="n">{one.null_before:.1%}</td><td class="n">{one.null_now:.1%}</td></tr>'
        for one in columns
    )
    head = "<tr><th>column</th><th>PSI</th><th>unknown before</th><th>unknown now</th></tr>"
    return f"<table>{head}{rows}</table>"


def _level(one: ColumnDrift) -> str:
    if one.psi < WARN or one.name in CALENDAR:
        return "ok"
    return "warn" if one.psi < ALARM else "alarm"


def _calibration(found: Calibration | None) -> str:
    if found is None:
        return "<p>No payment has a score of the deciding model.</p>"
    level = "alarm" if abs(found.deviations) > 4 else "ok"
    return (
        f'<p class="{level}">The deciding score promised {found.promised:,.1f} frauds, '
        f"{found.came:,.1f} came ({found.deviations:+.1f} standard deviations), each label "
        "counted by how sure it is.</p>"
    )


def _categories(drift: Drift) -> str:
    if not drift.new_categories:
        return "<p>No new categories.</p>"
    items = "".join(
        f"<li><code>{escape(name)}</code>: {escape(', '.join(values))}</li>"
        for name, values in drift.new_categories.items()
    )
    return f"<p>New categories:</p><ul>{items}</ul>"


def _charts(daily: Sequence[dict[str, Any]]) -> str:
    titles = {
        "payments": "payments",
        "fraud": "known frauds",
        "stopped": "share challenged or declined",
        "score": "mean score of the deciding model",
    }
    return "".join(
        _chart(title, [row[name] for row in daily], daily)
        for name, title in titles.items()
    )


def _chart(
    title: str, values: Sequence[float | None], daily: Sequence[dict[str, Any]]
) -> str:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    top = max(known) or 1.0
    step = _WIDTH / max(1, len(values) - 1)
    points = " ".join(
        f"{place * step:.1f},{_HEIGHT - 4 - (_HEIGHT - 10) * value / top:.1f}"
        for place, value in enumerate(values)
        if value is not None
    )
    label = f"{title} a day, at most {top:,.4g}"
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" role="img" '
        f'aria-label="{escape(label)}"><polyline points="{points}" fill="none" '
        'stroke="#1b6ca8" stroke-width="2"/></svg>'
        f"<figcaption>{escape(label)}; {daily[0]['day']} to {daily[-1]['day']}"
        "</figcaption></figure>"
    )
