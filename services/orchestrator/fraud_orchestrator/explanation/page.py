"""An explanation as one page that prints: no script, nothing from elsewhere, and every
value escaped."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from fraud_orchestrator.explanation import words
from fraud_shared.contracts.explanation import ExplainedModel, Explanation

_STYLE = (
    "body{font:11pt/1.4 system-ui,sans-serif;color:#111;background:#fff;max-width:46rem;"
    "margin:2rem auto;padding:0 1rem}h1{font-size:16pt;margin:0 0 .2rem}"
    "h2{font-size:12pt;margin:1.2rem 0 .3rem;border-bottom:1px solid #999}"
    "table{border-collapse:collapse;width:100%;font-size:9.5pt}"
    "th,td{text-align:left;vertical-align:top;padding:.15rem .5rem .15rem 0;"
    "border-bottom:1px solid #ddd;overflow-wrap:anywhere}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "p,ul{margin:.3rem 0}"
    "@media print{body{margin:0;max-width:none;padding:0;font-size:9.5pt}"
    "h2{break-after:avoid}tr,section{break-inside:avoid}@page{margin:15mm}}"
)
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
# Only the style above; no script, form, frame or connection.
HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
MEDIA = "text/html"


def page(found: Explanation) -> str:
    """The page of an explanation."""
    title = f"Decision {found.decision_id}"
    body = "".join(
        (
            _head(found, title),
            section("Why", bullets(_reasons(found))),
            section("What would change it", f"<p>{escape(found.counterfactual)}</p>"),
            section("What stands out", bullets(found.sentences)),
            section("Rules that fired", _rules(found)),
            "".join(_model(model) for model in found.models),
            section("Missing evidence", bullets(found.missing)),
            section("For the customer's letter", bullets(_letter(found))),
            section("Versions", table((), sorted(found.versions.items()))),
        )
    )
    return document(title, body)


def document(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML; only the style above comes with it."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )


def _head(found: Explanation, title: str) -> str:
    risk = "unknown" if found.risk is None else f"{found.risk:.4f}"
    facts = (
        ("Payment", found.transaction_id),
        ("Account", found.account_id),
        ("Amount", words.money(found.amount_minor, found.currency)),
        ("Decided", found.decided_at.isoformat(timespec="seconds")),
        ("Chance of fraud", risk),
        ("Decided by", ", ".join(found.decided_by) or "-"),
    )
    return (
        f"<header><h1>{escape(found.decision)}</h1><p>{escape(title)}</p>"
        f"<p><strong>{escape(found.summary)}</strong></p>{table((), facts)}</header>"
    )


def _reasons(found: Explanation) -> list[str]:
    return [
        f"{one.text} ({one.code} by {one.source}, weight {one.weight:.2f}): {one.meaning}"
        for one in found.reasons
    ]


def _letter(found: Explanation) -> list[str]:
    return [f"{one.code}: {one.text}" for one in found.customer]


def _rules(found: Explanation) -> str:
    rows = [(r.rule, r.effect, r.severity, r.kind, r.reason) for r in found.rules]
    return table(("Rule", "Effect", "Severity", "Kind", "Reason"), rows)


def _model(model: ExplainedModel) -> str:
    score = model.outcome if model.score is None else f"{model.score:.6f}"
    title = f"{model.source}: {score}"
    if model.source == "autoencoder" and model.features:
        title += " (reconstructed worst)"
    said = model.missing or f"Contributions {model.origin}, {model.version}"
    groups = [(g.group, f"{g.contribution:+.4f}") for g in model.groups]
    features = [
        (
            f.feature,
            f.meaning,
            f.group,
            _value(f.value, f.unit),
            f"{f.contribution:+.4f}",
        )
        for f in model.features
    ]
    return section(
        title,
        f"<p>{escape(said)}</p>"
        + table(("About", "Contribution"), groups)
        + table(("Feature", "Measures", "About", "Value", "Contribution"), features),
    )


def _value(value: float | None, unit: str) -> str:
    return "unknown" if value is None else f"{value:g} {unit}".strip()


def section(title: str, content: str) -> str:
    """A section; without content there is none to tell of, and that is said."""
    return f"<section><h2>{escape(title)}</h2>{content or '<p>Nothing.</p>'}</section>"


def bullets(lines: Iterable[str]) -> str:
    """Lines of text, escaped; nothing for none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Rows of text, escaped, under their heads; nothing for none."""
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    if not body:
        return ""
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in heads)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
