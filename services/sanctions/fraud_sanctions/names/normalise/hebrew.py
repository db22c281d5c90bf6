"""Words in Hebrew script to Latin letters, the unwritten vowels guessed."""

import re

from fraud_sanctions.names.normalise.syllables import with_short_vowels

_WORD = re.compile("[\u05d0-\u05ea\u05f0-\u05f4\"']*[\u05d0-\u05ea]")
_POINTS = re.compile("[\u0591-\u05c7]")
# Letters that are a stop or its fricative are given as the stop.
_CONSONANTS = {
    "ב": "b", "ג": "g", "ד": "d", "ה": "h", "ז": "z", "ח": "kh", "ט": "t", "כ": "k", "ך": "k",
    "ל": "l", "מ": "m", "ם": "m", "נ": "n", "ן": "n", "ס": "s", "פ": "p", "ף": "p", "צ": "ts",
    "ץ": "ts", "ק": "k", "ר": "r", "ש": "sh", "ת": "t",
}  # fmt: skip
_GLIDES = {"ו": ("v", "o"), "י": ("y", "i")}
_VOWELS = "אע"
_LONG = 3


def latin_of_hebrew(text: str, mark: str) -> str:
    """The text with each Hebrew word as `mark` and its Latin letters."""

    def word(match: re.Match[str]) -> str:
        said = with_short_vowels(_sounds(match.group()))
        return f"{mark}{said}" if said else ""

    return _WORD.sub(word, _POINTS.sub("", text))


def _sounds(word: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    last = len(word) - 1
    for at, letter in enumerate(word):
        if letter == "ה" and at == last > 0:
            found.append(("a", True))
        elif letter in _CONSONANTS:
            found.append((_CONSONANTS[letter], False))
        elif letter in _GLIDES:
            # In a short word waw is mostly the consonant (`David`).
            vowel = at > 0 and found[-1:] != [("a", True)] and last >= _LONG
            found.append((_GLIDES[letter][vowel], vowel))
        elif letter in _VOWELS:
            found.append(("a", True))
    return found
