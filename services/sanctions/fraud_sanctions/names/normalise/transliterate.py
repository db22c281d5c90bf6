"""Step 3: any script to lower-case ASCII, offline; scripts that write no vowels are marked."""

import re
from collections.abc import Iterable

from anyascii import anyascii

from fraud_sanctions.names.normalise.arabic import latin_of_arabic
from fraud_sanctions.names.normalise.greek import latin_of_greek
from fraud_sanctions.names.normalise.hebrew import latin_of_hebrew
from fraud_sanctions.names.normalise.indic import latin_of_indic
from fraud_sanctions.names.normalise.kana import latin_of_kana
from fraud_sanctions.names.normalise.native_words import in_english
from fraud_sanctions.names.normalise.thai import thai_consonants

# Arabic and Hebrew leave out short vowels: such a word is compared by its consonants.
ABJAD_MARK = "~"
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_SYLLABIC = re.compile(r"[\u2e80-\u2fff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3]+")
_CAPITAL = re.compile(r"(?=[A-Z])")
_QUOTES = re.compile(r"['`´’‘ʼʻʹ\"]")
_WORD_EDGE = re.compile(r"[^\W_]+")
# Revised Romanisation to the spelling lists use for Korean names (McCune-Reischauer-like).
_KOREAN = (("eo", "o"), ("eu", "u"), ("ae", "ae"), ("j", "ch"), ("ssi", "si"))
_KOREAN_SURNAMES = {
    "gim": "kim", "i": "ri", "li": "ri", "bag": "pak", "jeong": "chong", "gang": "kang", "jo": "cho",
    "im": "rim", "no": "ro", "yu": "ryu", "baeg": "paek", "gwon": "kwon", "yang": "ryang",
}  # fmt: skip


def _korean(syllable: str, first: bool) -> str:
    if first and syllable in _KOREAN_SURNAMES:
        return _KOREAN_SURNAMES[syllable]
    if syllable.startswith("l"):
        syllable = f"r{syllable[1:]}"
    for old, new in _KOREAN:
        syllable = syllable.replace(old, new)
    if syllable[:1] in "gdb":
        syllable = {"g": "k", "d": "t", "b": "p"}[syllable[0]] + syllable[1:]
    if syllable[-1:] in ("g", "b") and not syllable.endswith("ng"):
        syllable = syllable[:-1] + {"g": "k", "b": "p"}[syllable[-1]]
    return syllable


def _syllables(match: re.Match[str]) -> str:
    parts = [p.lower() for p in _CAPITAL.split(anyascii(match.group())) if p.strip()]
    if _HANGUL.search(match.group()):
        parts = [_korean(part, i == 0) for i, part in enumerate(parts)]
    return " " + " ".join(parts) + " "


def transliterate(text: str, *, persian: bool = False) -> str:
    """Lower-case ASCII; Han and Hangul one word per syllable; Arabic, Hebrew marked `~`.

    `persian`: Arabic script is read as Persian, Dari and Urdu say it.
    """
    if not text.isascii():
        text = _SYLLABIC.sub(_syllables, in_english(text))
        text = latin_of_arabic(text, ABJAD_MARK, persian=persian)
        text = latin_of_hebrew(text, ABJAD_MARK)
        text = thai_consonants(text, ABJAD_MARK)
        text = latin_of_indic(latin_of_kana(latin_of_greek(text)))
        text = anyascii(text)
    return _QUOTES.sub("", text.casefold())


def latin_words(words: Iterable[str]) -> frozenset[str]:
    """The words of a table, those in other scripts as `transliterate` gives them."""
    return frozenset(transliterate(word).strip() for word in words)
