"""Step 1: one spelling per character; nothing invisible."""

import unicodedata

# Zero-width and bidirectional marks are category Cf, controls Cc, private use Co,
# lone surrogates Cs, unassigned Cn: none of them can be part of a name.
_DROPPED = frozenset({"Cf", "Co", "Cs", "Cn"})
MAX_LENGTH = 512


def clean(text: str) -> str:
    """Compatibility form (NFKC), controls as spaces, invisible characters gone.

    The result is at most 512 characters (the longest listed name is shorter), so that
    every later step is bounded.
    """
    text = text[:MAX_LENGTH]
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for char in unicodedata.normalize("NFKC", text)[:MAX_LENGTH]:
        category = unicodedata.category(char)
        if category in _DROPPED:
            continue
        kept.append(" " if category[0] in "CZ" else char)
    return "".join(kept)
