"""Step 6: company forms in full or short, in any romanisation, set apart from the name."""

from collections.abc import Sequence
from functools import cache

from fraud_sanctions.names.normalise.spelling import fold
from fraud_sanctions.names.normalise.transliterate import transliterate
from fraud_sanctions.names.wordlists import lines, phrases

# A short word is a form only as it is written: `co` is one, `ko` is a name.
_SHORT = 4


def _is_form(token: str) -> bool:
    return len(token) > _SHORT or token in _spelt()


@cache
def _spelt() -> frozenset[str]:
    rows = (line.replace(":", "|").split("|") for line in lines("legal_forms"))
    return frozenset(form.strip() for row in rows for form in row)


def _folded(word: str) -> str:
    return fold(transliterate(word).strip())


def split_legal_forms(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """(words without company forms, the forms in short). A name that is all form is kept."""
    table = phrases("legal_forms", _folded)
    folded = [fold(token) for token in tokens]
    kept: list[str] = []
    forms: list[str] = []
    at = 0
    while at < len(tokens):
        for phrase, short in table.get(folded[at], ()):
            if tuple(folded[at : at + len(phrase)]) == phrase and (
                len(phrase) > 1 or _is_form(tokens[at])
            ):
                forms.append(short)
                at += len(phrase)
                break
        else:
            kept.append(tokens[at])
            at += 1
    return (kept, forms) if kept else (list(tokens), [])
