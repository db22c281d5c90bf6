"""The bars of `fraud evaluate screening`."""

from typing import Any

from fraud_ops.figures import Gate, gate

# The bands as shipped keep what the operating point is held to.
_BANDS = {"possible": "review", "match": "strict"}
# (false positives on generated, on real names), recall by difficulty.
_BARS: dict[str, tuple[float, float, dict[str, float]]] = {
    "strict": (
        0.002,
        0.005,
        {
            "all": 0.50,
            "near": 0.97,
            "variant": 0.55,
            "partial": 0.28,
            "cross_script": 0.68,
        },
    ),
    "review": (
        0.01,
        0.015,
        {
            "all": 0.62,
            "near": 0.985,
            "variant": 0.75,
            "partial": 0.45,
            "cross_script": 0.74,
        },
    ),
}
_TYPOS = 0.995
_COMPANIES = 0.005
_F1 = 0.82
_STRONG = 0.98


def gates(figures: dict[str, Any]) -> list[Gate]:
    """One for each figure that is demanded."""
    found: list[Gate] = []
    for name, (_, _, bars) in _BARS.items():
        point = figures["points"][name]
        found += _innocent(name, name, point)
        for group, bar in bars.items():
            title = f"{name}: recall {group}"
            found.append(gate(title, point["recall"].get(group), bar, "at_least"))
        typos = point["typo_recall"]["all"]
        found.append(gate(f"{name}: misspelt UN names", typos, _TYPOS, "at_least"))
    for band, name in _BANDS.items():
        found += _innocent(band, name, figures["points"][band])
    made = figures["invented_companies"]["possible"]
    found.append(gate("possible: invented companies", made, _COMPANIES, "at_most"))
    pairs = figures["pairs"]
    f1 = pairs["cross_validated"]["f1"]
    strong = pairs["by_tier"].get("STRONG", {}).get("accuracy")
    found.append(gate("name pairs: F1, cross-validated", f1, _F1, "at_least"))
    found.append(gate("name pairs: STRONG tier right", strong, _STRONG, "at_least"))
    return found


def _innocent(title: str, name: str, point: dict[str, Any]) -> list[Gate]:
    """Innocent names flagged, held to the bars of an operating point."""
    made, real, _ = _BARS[name]
    rates = point["false_positive_rate"]
    return [
        gate(f"{title}: false positives {group}", rates.get(group), bar, "at_most")
        for group, bar in (
            ("synthetic_global", made),
            ("synthetic_us", made),
            ("us_congress_real", real),
        )
    ]
