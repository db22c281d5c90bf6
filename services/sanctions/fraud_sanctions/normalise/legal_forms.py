"""Step 6: company forms in full or short, in any romanisation, set apart from the name."""

from collections.abc import Sequence

from fraud_sanctions.normalise.spelling import fold
from fraud_sanctions.tables import phrases


def split_legal_forms(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """(words without company forms, the forms in short). A name that is all form is kept."""
    table = phrases("legal_forms", fold)
    folded = [fold(token) for token in tokens]
    kept: list[str] = []
    forms: list[str] = []
    at = 0
    while at < len(tokens):
        for phrase, short in table.get(folded[at], ()):
            if tuple(folded[at : at + len(phrase)]) == phrase:
                forms.append(short)
                at += len(phrase)
                break
        else:
            kept.append(tokens[at])
            at += 1
    return (kept, forms) if kept else (list(tokens), [])
