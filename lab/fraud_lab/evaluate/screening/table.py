"""`fraud evaluate screening-pairs`: the fictional test set and its error table."""

import csv
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import typer

from fraud_lab.evaluate.screening import measures
from fraud_lab.evaluate.screening.baselines import MEASURES, similarity
from fraud_lab.evaluate.screening.generate import Row, as_csv, generate

PAIRS = 5200
SEED = 5
FILE = "fictional_pairs.csv"
README = Path("services/sanctions/README.md")
BEGIN, END = "<!-- pairs:begin -->", "<!-- pairs:end -->"
# Usual thresholds of the plain measures.
_BARS = {"Levenshtein": 0.85, "Jaro-Winkler": 0.90, "WRatio": 0.90}


def committed() -> list[Row]:
    """The test set as it is in the repository."""
    text = (
        resources.files("fraud_lab.evaluate.screening")
        .joinpath(FILE)
        .read_text("utf-8")
    )
    return list(csv.DictReader(text.splitlines()))


def error_table(rows: Sequence[Row], similarities: Sequence[float]) -> str:
    """Errors of each way of writing at similarity 0.5, beside plain measures, in Markdown."""
    plain = {
        name: [
            similarity(name, r["name1"], r["name2"]) - _BARS[name] + 0.5 for r in rows
        ]
        for name in MEASURES
    }
    head = [f"{name} {_BARS[name]:.2f}" for name in MEASURES]
    lines = [
        f"| what was done to the name | pairs | wrong here | {' | '.join(head)} |",
        "|---|---|---|" + "---|" * len(head),
    ]
    for same in ("True", "False"):
        title = "one name" if same == "True" else "two names"
        some = [at for at, row in enumerate(rows) if row["is_match"] == same]
        lines.append(_line(f"**{title}**", rows, some, similarities, plain))
        for kind in dict.fromkeys(sorted(rows[at]["kind"] for at in some)):
            own = [at for at in some if rows[at]["kind"] == kind]
            lines.append(_line(kind, rows, own, similarities, plain))
    return "\n".join(lines)


def _line(
    title: str,
    rows: Sequence[Row],
    at: Sequence[int],
    ours: Sequence[float],
    plain: dict[str, list[float]],
) -> str:
    def wrong(scores: Sequence[float]) -> str:
        errors = sum((scores[i] >= 0.5) != (rows[i]["is_match"] == "True") for i in at)
        return f"{100 * errors / len(at):.1f} %"

    cells = [wrong(ours), *(wrong(plain[name]) for name in MEASURES)]
    return f"| {title} | {len(at)} | {' | '.join(cells)} |"


def with_table(readme: str, table: str) -> str:
    """The text with the table between its marks. Raises ValueError without the marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the marks of the table are missing")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def screening_pairs_command(root: Path, *, check: bool) -> None:
    """Write test set and table again; with `check` only compare, exit 1 when they differ."""
    file = Path(str(resources.files("fraud_lab.evaluate.screening"))) / FILE
    rows = generate(PAIRS, SEED)
    table = error_table(rows, measures.pair_similarities(rows))
    readme = root / README
    wanted = {
        file: as_csv(rows),
        readme: with_table(readme.read_text("utf-8"), table),
    }
    stale = [path for path, text in wanted.items() if _read(path) != text]
    for path in stale:
        typer.echo(f"{'differs' if check else 'written'}: {path.name}")
        if not check:
            path.write_text(wanted[path], "utf-8")
    if stale and check:
        raise typer.Exit(1)


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
