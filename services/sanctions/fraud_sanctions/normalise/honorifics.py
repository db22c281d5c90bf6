"""Step 5: titles and ranks say nothing about who someone is."""

from collections.abc import Sequence

from fraud_sanctions.tables import words

# Also given or family names in some cultures, so only dropped when a name remains.
_MIN_LEFT = 2


def without_honorifics(tokens: Sequence[str]) -> list[str]:
    """The words without titles, unless fewer than two words would remain."""
    titles = words("honorifics")
    kept = [token for token in tokens if token not in titles]
    return kept if len(kept) >= _MIN_LEFT else list(tokens)
