"""What different romanisations of one word have in common, from exact to coarse."""

import re
from dataclasses import dataclass
from functools import lru_cache
from operator import eq

import jellyfish

from fraud_sanctions.names.normalise.transliterate import ABJAD_MARK

_Rules = tuple[tuple[re.Pattern[str], str], ...]


def _rules(*rules: tuple[str, str]) -> _Rules:
    return tuple((re.compile(pattern), new) for pattern, new in rules)


# In this order; the letters: a word without them matches none of these.
_FOLDS = (
    (
        ("h", "j"),
        _rules(
            (r"shch|sch|tsch|tch|ch|sh", "c*"),
            (r"dzh|dj|zh", "j"),
            (r"ph", "f"),
            (r"kh", "h"),
            (r"(?<=[gdtb])h", ""),
        ),
    ),
    (
        ("c", "q"),
        _rules(
            (r"ck|q", "k"),
            (r"c(?=[eiy])", "s"),
            (r"c(?!\*)", "k"),
            (r"c\*", "c"),
        ),
    ),
    (
        ("", ""),
        _rules(
            (r"ts|tz", "z"),
            (r"x", "ks"),
            (r"w", "v"),
            (r"ou|oo", "u"),
            (r"ee|y|ie|ij", "i"),
            (r"(?<=[aeou])j", "i"),
        ),
    ),
)
_ENDINGS = _rules(
    (r"(?:off|of|ow)$", "ov"),
    (r"(?:ef|eff|iev|iov|yev)$", "ev"),
    (r"(?<=[aeiou])h$", ""),
)
# Digits that a scanner or a keyboard leaves for letters, only inside words.
_LOOKALIKES = str.maketrans("01358", "olesb")
_LETTERED_DIGIT = re.compile(r"(?<=[a-z])[01358](?=[a-z])|^[01358](?=[a-z]{3})")
# Chinese and Korean syllables in pinyin, Wade-Giles, Revised Romanisation, McCune-Reischauer.
_SYLLABLES = re.compile(
    r"(?:(?:zh|ch|sh|hs|ts|tz|kk|tt|pp|ss|jj|[bpmfdtnlgkhjqxzcsrwy])?"
    r"(?:[iuy]?(?:ang|ong|eng|ung|ing|an|en|in|un|on|ai|ei|ao|ou|eo|eu|ae|oe|oi|oo|ee|ie"
    r"|ue|ui|uo|ua|wa|wo|ih|eh|er|iu|a|e|i|o|u)(?:k|l|p|m|t)?)){1,3}"
)
_SYLLABIC = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^(?:lee|yi|rhee|ree|li|ri)$", "li"),
        # Wade-Giles: ts, tz are z or c of pinyin, j may be r.
        (r"^(?:tz|sz|ss)[u]$", "zi"),
        (r"^j(?=(?:en|ih|ui|ao|ou)$)", "r"),
        (r"c(?!h)", "z"),
        (r"yen", "yan"),
        (r"uei", "ui"),
        (r"hs|sh|x", "s"),
        (r"zh|ch|q|jj|j", "c"),
        (r"ts|tz|z", "z"),
        (r"kk|g(?!$|[bcdfghjklmpstz])(?<!ng)|(?<!n)g", "k"),
        (r"tt|d", "t"),
        (r"pp|b", "p"),
        (r"ss", "s"),
        (r"ien", "ian"),
        (r"(?<=[aeio])h", ""),
        (r"y?eo|eu|oo|you|yu|yo|u", "o"),
        (r"ae|ee", "e"),
        (r"y", "i"),
        (r"(.)\1+", r"\1"),
    )
)
_LONGEST_SYLLABLES = 12
_VOWEL_LETTERS = tuple("aeiou")
_VOWELS = str.maketrans("", "", "aeiou")
_DOUBLED = re.compile(r"(.)\1+")
_VOICE = str.maketrans("gdb", "ktp")
_CLASSES = str.maketrans("gdbzjvfc", "ktpsspps")


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word and its coarser forms.

    `fold`: romanisation variants merged; `bones`: its consonants; `abjad`: the consonants
    that survive in Arabic and Hebrew script; `coarse`: consonant classes; `voiced`: the
    fold without the difference of g and k, d and t, b and p, and of letters that look
    alike; `phone`: metaphone; `syllabic`: one form for the romanisations of Chinese and
    Korean syllables, empty for other words. `bare`: written without vowels.
    """

    text: str
    fold: str
    bones: str
    abjad: str
    coarse: str
    voiced: str
    phone: str
    syllabic: str
    bare: bool


@lru_cache(maxsize=1 << 17)
def fold(word: str) -> str:
    """The word with spelling variants of one sound merged (`ou`/`u`, `q`/`k`, `zh`/`j`)."""
    if not word.isalpha():
        word = _LETTERED_DIGIT.sub(lambda m: m.group().translate(_LOOKALIKES), word)
    for (one, other), rules in _FOLDS:
        if one in word or other in word:
            for pattern, new in rules:
                word = pattern.sub(new, word)
    word = _single(word)
    for pattern, new in _ENDINGS:
        word = pattern.sub(new, word)
    return word


def _single(word: str) -> str:
    """The word with each run of a letter as one."""
    # Most words have none, and looking costs less than the substitution.
    return _DOUBLED.sub(r"\1", word) if True in map(eq, word, word[1:]) else word


def syllabic(word: str) -> str:
    """One form for `hsi`, `xi`; `chung`, `zhong`; `seong`, `sung`, `song`; or empty."""
    if word == "park":
        return "pak"
    if len(word) > _LONGEST_SYLLABLES or not _SYLLABLES.fullmatch(word):
        return ""
    for pattern, new in _SYLLABIC:
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
    abjad = _single(bones[:1] + bones[1:].replace("v", ""))
    if len(abjad) == 1 and folded.endswith("i"):
        abjad += "i"
    phone = "" if bare or text.isdigit() else jellyfish.metaphone(text)
    coarse = _single(abjad.translate(_CLASSES))
    alike = folded.replace("rn", "m").translate(_VOICE)
    east = "" if bare else syllabic(text)
    return Spelling(word, folded, bones, abjad, coarse, alike, phone, east, bare)
