"""How the time of a screening grows with the number of listed names."""

import math
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rich.console import Console

from fraud_sanctions.lists.records import ListedEntity, ListedName, Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.settings import Settings

_QUERIES = 400
_LEAST = float(Settings.model_fields["possible"].default)
_ONSETS = str.split("b br d dr f g gr h j k kh kr l m n p r s sh st t tr v y z zh")
_VOWELS = str.split("a e i o u ai au ou")
_CODAS = ["", "", "l", "m", "n", "r", "s", "t", "v", "sh", "k"]
# Own names are shared by many, family names by few: about as on the published lists.
_OWN_NAMES = 3_000


def growth(sizes: Sequence[int], seed: int, console: Console) -> dict[str, Any]:
    """Median and p99 at each size, and the exponent of the median from first to last."""
    rows = []
    for size in sizes:
        chance = random.Random(seed)
        with console.status(f"{size:,} names"):
            started = time.perf_counter()
            entities = list(_entities(size, chance))
            screener = Screener(Index(entities))
            load_s = time.perf_counter() - started
            rows.append(
                {
                    "names": size,
                    "load_s": round(load_s, 1),
                    **_timed(screener, entities, seed),
                }
            )
        del screener, entities
    first, last = rows[0], rows[-1]
    slower = last["p50_ms"] / first["p50_ms"]
    exponent = math.log(slower) / math.log(last["names"] / first["names"])
    return {"sizes": rows, "exponent": round(exponent, 3)}


def _timed(
    screener: Screener, entities: Sequence[ListedEntity], seed: int
) -> dict[str, float]:
    """Half the queries are listed names with a letter lost, half are nobody's."""
    chance = random.Random(seed + 1)
    own = _pool(_OWN_NAMES, random.Random(seed))
    spent, found = [], 0
    for number in range(_QUERIES):
        entity = None
        if number % 2:
            entity = chance.choice(entities)
            at = chance.randrange(len(entity.caption))
            name = entity.caption[:at] + entity.caption[at + 1 :]
        else:
            name = f"{chance.choice(own)} {_word(chance, 3)}"
        started = time.perf_counter()
        hits = screener.screen(Party(name), least=_LEAST, most=5)
        spent.append((time.perf_counter() - started) * 1000)
        found += entity is not None and any(hit.entity is entity for hit in hits)
    p50, p99 = np.percentile(spent, [50, 99]).round(3).tolist()
    return {"p50_ms": p50, "p99_ms": p99, "found": round(found / (_QUERIES // 2), 3)}


def _entities(size: int, chance: random.Random) -> Iterator[ListedEntity]:
    own = _pool(_OWN_NAMES, random.Random(chance.random()))
    family = _pool(size // 3 + 1, chance)
    for number in range(size):
        # Some names are far more common than others.
        first, middle = (own[int(len(own) * chance.random() ** 2)] for _ in range(2))
        last = family[int(len(family) * chance.random() ** 2)]
        words = (first, middle, last) if chance.random() < 0.5 else (first, last)
        name = ListedName(" ".join(words), "primary")
        yield ListedEntity(f"g-{number}", "generated", "person", (name,))


def _pool(size: int, chance: random.Random) -> list[str]:
    return [_word(chance, chance.choice((2, 2, 3))) for _ in range(size)]


def _word(chance: random.Random, syllables: int) -> str:
    parts = [
        chance.choice(_ONSETS) + chance.choice(_VOWELS) + chance.choice(_CODAS)
        for _ in range(syllables)
    ]
    return "".join(parts).title()
