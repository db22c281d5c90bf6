"""Words in Indian scripts to Latin letters, with the short a that they leave unwritten.

Nine scripts (Devanagari to Malayalam) keep one order of letters, 128 to a script (ISCII), so
that one table reads them all. Where a written consonant has no vowel an a is heard, except,
in the northern languages, at the end of a word and between `VC` and `CV` (M. Ohala, Aspects
of Hindi phonology, 1983).
"""

import re

from anyascii import anyascii

_FIRST = 0x900
_WORD = re.compile("[\u0900-\u0963\u0970-\u0d7f]+")
_NORTHERN = 5  # Devanagari, Bengali, Gurmukhi, Gujarati, Oriya; the others drop no a
_CONSONANTS = range(0x15, 0x3A)
_SIGNS = range(0x3E, 0x4E)  # of vowels; the last says that there is none
_NUKTA, _VIRAMA = 0x3C, 0x4D
_ASSAMESE = "\u09f0\u09f1"  # r and v, which stand apart from the other consonants
_NASALS = ("\u0a70", *(chr(_FIRST + 0x80 * n + at) for n in range(9) for at in (1, 2)))
_ADDAK = "\u0a71"  # doubles a consonant, which tells no two names apart
_SAID = {0x1A: "ch", 0x1B: "chh", 0x36: "sh", 0x37: "sh", 0x0B: "ri", 0x43: "ri"}
# Letters that a dot below makes those of Persian and Arabic names.
_DOTTED = {
    0x15: "q", 0x16: "kh", 0x17: "gh", 0x1C: "z", 0x21: "r", 0x22: "rh", 0x2B: "f",
}  # fmt: skip
_NASAL = "N"
_BEFORE_LABIAL = re.compile(f"{_NASAL}(?=[pbmf])")
_CONSONANT, _VOWEL, _UNWRITTEN, _NASALISED = range(4)
_SPOKEN_VOWELS = (_VOWEL, _UNWRITTEN)
_Sounds = list[tuple[str, int]]


def latin_of_indic(text: str) -> str:
    """The text with each word of these scripts in Latin letters."""
    return _WORD.sub(lambda match: _said(match.group()), text)


def _said(word: str) -> str:
    sounds = _sounds(word)
    if (ord(word[0]) - _FIRST) >> 7 < _NORTHERN:
        sounds = _spoken(sounds)
    said = "".join(letters for letters, _ in sounds)
    # `Singh` is written with a nasal before h.
    said = _BEFORE_LABIAL.sub("m", said.replace(f"{_NASAL}h", "ngh"))
    return said.replace(_NASAL, "n")


def _sounds(word: str) -> _Sounds:
    found: _Sounds = []
    for at, letter in enumerate(word):
        place = ord(letter) & 0x7F
        following = [ord(after) & 0x7F for after in word[at + 1 : at + 3]]
        if letter in _NASALS:
            found.append((_NASAL, _NASALISED))
        elif place in _CONSONANTS or letter in _ASSAMESE:
            said = _SAID.get(place) or anyascii(letter)
            if following[:1] == [_NUKTA]:
                said = _DOTTED.get(place, said)
                del following[0]
            found.append((said, _CONSONANT))
            if not following or following[0] not in _SIGNS:
                found.append(("a", _UNWRITTEN))
        elif place not in (_NUKTA, _VIRAMA) and letter != _ADDAK:
            said = _SAID.get(place) or anyascii(letter)
            vowel = place < _CONSONANTS.start or place in _SIGNS
            found.append((said, _VOWEL if vowel else _CONSONANT))
    return found


def _spoken(sounds: _Sounds) -> _Sounds:
    """Without the vowels that are not heard, from the end of the word to its beginning."""
    kinds = [kind for _, kind in sounds]
    for at in range(len(sounds) - 1, 1, -1):
        if kinds[at] != _UNWRITTEN:
            continue
        before = kinds[at - 2]
        if at == len(sounds) - 1:
            silent = before in (*_SPOKEN_VOWELS, _NASALISED)
        else:
            silent = (
                before in _SPOKEN_VOWELS
                and kinds[at + 1] == _CONSONANT
                and next(iter(kinds[at + 2 :]), None) in _SPOKEN_VOWELS
            )
        if silent:
            del sounds[at], kinds[at]
    return sounds
