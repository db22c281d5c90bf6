"""Greek letters that are heard together, to Latin; single letters are left as they are.

ELOT 743 (ISO 843, transcription), with `μπ`, `ντ`, `γκ` at the start of a word as the b, d
and g that they stand for there, as in Greek spellings of foreign names.
"""

import re
import unicodedata

_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]+")
# The stress. A diaeresis stays: it says that two vowels are heard apart.
_STRESS = re.compile("[\u0300\u0301\u0304\u0306\u0313\u0314\u0342\u0345]")
_TOGETHER = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        ("ου(?!\u0308)", "ou"),
        ("(?<=[αεη])υ(?=[θκξπστφχψς]|$)", "f"),
        ("(?<=[αεη])υ(?!\u0308)", "v"),
        ("^μπ", "b"),
        ("^ντ", "d"),
        ("^γκ", "g"),
        ("γ(?=[γξχ])", "n"),
        ("γκ", "g"),
    )
)


def latin_of_greek(text: str) -> str:
    """The text with the digraphs of each Greek word in Latin letters."""

    def word(match: re.Match[str]) -> str:
        said = unicodedata.normalize("NFD", match.group().lower())
        said = _STRESS.sub("", said)
        for pattern, new in _TOGETHER:
            said = pattern.sub(new, said)
        return unicodedata.normalize("NFC", said)

    return _GREEK.sub(word, text)
