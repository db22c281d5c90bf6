"""Step 6, before company forms: kinds of bodies and Slavic endings in one spelling.

`Research Institute Kvant`, `NII Kvant` and `Nauchno-issledovatelskiy institut Kvant` are
one name; so are `Volgogradskaya` and `Volgograd`, `imeni Lavrova` and `Lavrov`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from fraud_sanctions.names.normalise.spelling import fold
from fraud_sanctions.names.normalise.transliterate import transliterate
from fraud_sanctions.names.wordlists import phrases

_NOTHING = "-"
# What an adjective made of a place ends in: `-sky`, `-skaya`, `-skoe`, `-skogo`. Towns end
# in `-sk` too (`Tomsk`), so without it only what is long enough to be told apart.
_CASE = r"(?:[iy]{1,2}|a[yij]a|[oi]y?e|o[ij]e|[oe][yi]|o[gh]o|[iy]kh)"
_ADJECTIVE = re.compile(
    rf"^([a-z]{{6,}}?)(?:[oe]v|[iy]n)?sk{_CASE}?$|(?<=[a-z]{{2}}sk){_CASE}$"
)
_GENITIVE = re.compile(r"^([a-z]{4,}[bcdfghjklmnpqrstvxz])a$|^([a-z]{3,}sk)ogo$")
_AFTER_NAMED = 4


# Endings of Slavic adjectives and nouns, and the y before e that some write.
_ENDING = re.compile(r"(?<=[a-z]{4})(?:ogo|oho|[oe]e|[oe]i|a?ia|aa|[iaeu])$")


@lru_cache(maxsize=1 << 16)
def _key(word: str) -> str:
    return _ENDING.sub("", fold(transliterate(word).strip()).replace("ie", "e"))


def in_one_spelling(tokens: Sequence[str]) -> list[str]:
    """The words, each phrase for a kind of body as its acronym."""
    table = phrases("bodies", _key)
    keys = [_key(token) for token in tokens]
    found: list[str] = []
    named = 0
    at = 0
    while at < len(tokens):
        for phrase, short in table.get(keys[at], ()):
            if tuple(keys[at : at + len(phrase)]) == phrase:
                if short == _NOTHING:
                    named = _AFTER_NAMED
                else:
                    found.append(short)
                at += len(phrase)
                break
        else:
            found.append(_nominative(tokens[at]) if named else tokens[at])
            named = max(0, named - 1)
            at += 1
    return found or list(tokens)


def _nominative(word: str) -> str:
    """The name a body is named after, which Slavic languages put in the genitive."""
    match = _GENITIVE.match(word)
    if match is None:
        return word
    return match.group(1) or f"{match.group(2)}iy"


def place(word: str) -> str:
    """A place without the ending of the adjective made of it: `tomskoe` is `tomsk`."""
    return _ADJECTIVE.sub(r"\1", word)
