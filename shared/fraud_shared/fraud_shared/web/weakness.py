"""Secrets that can be guessed."""

import math
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise

MIN_SECRET_BYTES = 32
# What a random text of that length has by far: hexadecimal digits give 4 bits each.
MIN_SECRET_BITS = 80.0
_PLACEHOLDER = re.compile(
    r"change[-_ ]?me|password|placeholder|example|replace[-_ ]?(me|this)|insecure"
    r"|development|qwert|letmein",
    re.IGNORECASE,
)


def weakness(value: str) -> str | None:
    """Why a secret can be guessed, or None. The text is not repeated."""
    if not value:
        return None
    if len(value.encode()) < MIN_SECRET_BYTES:
        return f"must have at least {MIN_SECRET_BYTES} bytes"
    if _PLACEHOLDER.search(value):
        return "looks like a placeholder; make one with `openssl rand -hex 32`"
    steps = [ord(after) - ord(before) for before, after in pairwise(value)]
    period = (value + value).find(value, 1)
    # Letters that repeat, that follow each other, or a short text again and again.
    if min(_bits(value), _bits(steps), _bits(value[:period])) < MIN_SECRET_BITS:
        return "can be guessed; make one with `openssl rand -hex 32`"
    return None


def _bits(items: Sequence[Hashable]) -> float:
    """Shannon's entropy of the items, over their number."""
    total = len(items)
    return -sum(n * math.log2(n / total) for n in Counter(items).values())
