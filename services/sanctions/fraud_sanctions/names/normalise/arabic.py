"""Words in Arabic script to Latin letters, the unwritten vowels guessed.

Every consonant keeps its own letters and its place: `به` is b and h, never the digraph
`bh`. Long vowels are as written. The mark tells that vowels prove little.
"""

import re

from fraud_sanctions.names.normalise.syllables import with_short_vowels

_LETTER = "\u0620-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ff\u0750-\u077f"
_WORD = re.compile(f"[{_LETTER}\u064b-\u0652\u0670]+")
# Vowel points, the stroke that stretches a word, and the hamza that only separates.
_POINTS = re.compile("[\u0640\u064b-\u0652\u0670\u0621]")
_AT_START = f"(?<![{_LETTER}])"
# The article, also after `and`, `by`, `for`; `Abd` written together with it, and `Din`.
_SERVANT = re.compile(f"{_AT_START}عبدال(?=[{_LETTER}]{{2}})")
_DIN = re.compile(f"(?<=[{_LETTER}]{{2}})\\s*ال(?=د[يی]ن(?![{_LETTER}]))")
_ARTICLE = re.compile(f"{_AT_START}(?:[وب]?ال|لل)(?=[{_LETTER}]{{3}})")
_CONSONANTS = {
    "ب": "b", "پ": "p", "ت": "t", "ٹ": "t", "ټ": "t", "ث": "th", "ج": "j", "چ": "ch",
    "ح": "h", "خ": "kh", "څ": "ts", "ځ": "z", "د": "d", "ډ": "d", "ڈ": "d", "ذ": "dh",
    "ر": "r", "ړ": "r", "ڑ": "r", "ڕ": "r", "ز": "z", "ژ": "zh", "ږ": "g", "س": "s",
    "ش": "sh", "ښ": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "غ": "gh", "ف": "f",
    "ڤ": "v", "ق": "q", "ك": "k", "ک": "k", "ڪ": "k", "گ": "g", "ګ": "g", "ڭ": "ng",
    "ل": "l", "ڵ": "l", "م": "m", "ن": "n", "ں": "n", "ڼ": "n", "ه": "h", "ھ": "h",
    "ہ": "h", "ۀ": "h", "ۋ": "v",
}  # fmt: skip
# Persian, Dari, Pashto and Urdu have one sound for each of these groups.
_PERSIAN = {**_CONSONANTS, "ث": "s", "ذ": "z", "ض": "z", "ظ": "z", "ق": "gh"}
_VOWELS = {
    "ا": "a", "أ": "a", "آ": "a", "ٱ": "a", "إ": "i", "ى": "a", "ة": "a", "ۃ": "a", "ع": "a",
    "ئ": "i", "ؤ": "u", "ە": "e", "ۆ": "o", "ۇ": "u", "ۈ": "u", "ێ": "e", "ې": "e", "ے": "e",
    "ۍ": "i",
}  # fmt: skip
# Consonants beside a vowel, vowels between consonants.
_GLIDES = {"و": ("w", "u"), "ي": ("y", "i"), "ی": ("y", "i")}
_SAID_OTHERWISE = re.compile("[ثذضظقى]")


def is_read_twice(text: str) -> bool:
    """Whether the text, read as Arabic and read as Persian, is said differently."""
    return _SAID_OTHERWISE.search(text) is not None


def latin_of_arabic(text: str, mark: str, *, persian: bool) -> str:
    """The text with each Arabic-script word as `mark` and its Latin letters."""
    text = _DIN.sub("", _SERVANT.sub("عبد ال", _POINTS.sub("", text)))

    def word(match: re.Match[str]) -> str:
        said = _said(match.group(), persian=persian)
        return f"{mark}{said}" if said else ""

    return _WORD.sub(word, _ARTICLE.sub("", text))


def _said(word: str, *, persian: bool) -> str:
    if word == "عبد":
        return "abd"
    consonants = _PERSIAN if persian else _CONSONANTS
    return with_short_vowels(_sounds(word, consonants, persian=persian))


def _sounds(
    word: str, consonants: dict[str, str], *, persian: bool
) -> list[tuple[str, bool]]:
    """(letters, whether a vowel) of each written sound."""
    found: list[tuple[str, bool]] = []
    last = len(word) - 1
    for at, letter in enumerate(word):
        after = word[at + 1] if at < last else ""
        if letter in consonants:
            found.append((consonants[letter], False))
        elif letter in _GLIDES:
            vowel = not _is_consonant(word, at)
            found.append((_GLIDES[letter][vowel], vowel))
        elif letter == "ى" and (persian or after):
            found.append(("i", True))
        elif letter == "ا" and at == 0 and after in _GLIDES:
            continue  # it only carries the long vowel
        elif letter in _VOWELS and not (letter == "ع" and at == last > 1):
            found.append((_VOWELS[letter], True))
    return found


def _is_consonant(word: str, at: int) -> bool:
    """Whether waw or ya is w or y here: beside a vowel, else it is u or i itself."""
    before, after = word[at - 1 : at], word[at + 1 : at + 2]
    if at == 1 and before == "ا":
        return after in _VOWELS
    return (
        at == 0
        or (before in _VOWELS and before != "ع")
        or (after in _VOWELS and after != "ع")
        or after in _GLIDES
    )
