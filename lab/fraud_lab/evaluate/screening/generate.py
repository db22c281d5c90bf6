"""A seeded test set of fictional name pairs."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from random import Random

from fraud_lab.evaluate.screening.mangle import OTHER, SAME
from fraud_lab.evaluate.screening.names import bearer

COLUMNS = ("schema", "kind", "script", "name1", "name2", "is_match")
_SCHEMATA = {"person": "Person", "organisation": "Company", "vessel": "Vessel"}
Row = dict[str, str]


def generate(pairs: int, seed: int) -> list[Row]:
    """`pairs` rows of `name1` (as asked), `name2` (as listed) and what was done to it.

    Each way of mangling gets an equal share; the same seed gives the same rows.
    """
    random = Random(seed)
    ways = [(kind, way, True) for kind, way in SAME.items()]
    ways += [(kind, way, False) for kind, way in OTHER.items()]
    share = -(-pairs // len(ways))
    count: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    rows: list[Row] = []
    while len(rows) < pairs:
        who = bearer(random)
        for kind, way, same in random.sample(ways, len(ways)):
            other = way(who, random) if count[kind] < share else None
            if other is None or (other, who.text) in seen or other == who.text:
                continue
            seen.add((other, who.text))
            count[kind] += 1
            script = who.culture if kind == "own script" else "latin"
            rows.append(
                dict(
                    zip(
                        COLUMNS,
                        (_SCHEMATA[who.kind], kind, script, other, who.text, str(same)),
                        strict=True,
                    )
                )
            )
            break
    return rows


def as_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
