"""Step 5: titles and ranks say nothing about who someone is."""

from collections.abc import Sequence
from functools import cache

from fraud_sanctions.names.normalise.particles import is_link
from fraud_sanctions.names.normalise.transliterate import latin_words
from fraud_sanctions.names.wordlists import words

# Also given or family names in some cultures, so only dropped when a name remains.
_MIN_LEFT = 2


@cache
def _titles() -> frozenset[str]:
    return latin_words(words("honorifics"))


def without_honorifics(tokens: Sequence[str]) -> list[str]:
    """The words without titles, unless fewer than two words would remain."""
    titles = _titles()
    kept = [token for token in tokens if token not in titles]
    names = [token for token in kept if len(token) > 1 and not is_link(token)]
    return kept if len(names) >= _MIN_LEFT else list(tokens)
