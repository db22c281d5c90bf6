"""What different romanisations of one word have in common, from exact to coarse."""

import re
from dataclasses import dataclass
from functools import lru_cache

import jellyfish

from fraud_sanctions.normalise.transliterate import ABJAD_MARK

_FOLDS = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"shch|sch|tsch|tch|ch|sh", "c*"),
        (r"dzh|dj|zh", "j"),
        (r"ph", "f"),
        (r"kh", "h"),
        (r"([gdtb])h", r"\1"),
        (r"ck|q", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c(?!\*)", "k"),
        (r"c\*", "c"),
        (r"ts|tz", "z"),
        (r"x", "ks"),
        (r"w", "v"),
        (r"ou|oo", "u"),
        (r"ee|y|ie|ij", "i"),
        (r"(?<=[aeou])j", "i"),
        (r"(.)\1+", r"\1"),
        (r"(?:off|of|ow)$", "ov"),
        (r"(?:ef|eff|iev|iov|yev)$", "ev"),
        (r"(?<=[aeiou])h$", ""),
    )
)
_VOWEL_LETTERS = tuple("aeiou")
_VOWELS = str.maketrans("", "", "aeiou")
_DOUBLED = re.compile(r"(.)\1+")
_VOICE = str.maketrans("gdb", "ktp")
_CLASSES = str.maketrans("gdbzjv", "ktpscf")


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word and its coarser forms.

    `fold`: romanisation variants merged; `bones`: its consonants; `abjad`: the consonants
    that survive in Arabic and Hebrew script; `coarse`: consonant classes; `voiced`: the
    fold without the difference of g and k, d and t, b and p; `phone`: metaphone. `bare`: written without vowels.
    """

    text: str
    fold: str
    bones: str
    abjad: str
    coarse: str
    voiced: str
    phone: str
    bare: bool


@lru_cache(maxsize=1 << 17)
def fold(word: str) -> str:
    """The word with spelling variants of one sound merged (`ou`/`u`, `q`/`k`, `zh`/`j`)."""
    for pattern, new in _FOLDS:
        word = pattern.sub(new, word)
    return word


@lru_cache(maxsize=1 << 17)
def spell(word: str) -> Spelling:
    """All forms of one normalised word (cached: names repeat)."""
    bare = word.startswith(ABJAD_MARK)
    text = word.lstrip(ABJAD_MARK)
    folded = fold(text)
    bones = folded[:1] + folded[1:].translate(_VOWELS)
    if folded.startswith(_VOWEL_LETTERS) and len(bones) > 1:
        bones = bones[1:]
    # Long vowels are written with the letters of w and y, and so lost with them.
    abjad = _DOUBLED.sub(r"\1", bones[:1] + bones[1:].replace("v", ""))
    phone = "" if bare or text.isdigit() else jellyfish.metaphone(text)
    coarse = _DOUBLED.sub(r"\1", abjad.translate(_CLASSES))
    return Spelling(
        word, folded, bones, abjad, coarse, folded.translate(_VOICE), phone, bare
    )
