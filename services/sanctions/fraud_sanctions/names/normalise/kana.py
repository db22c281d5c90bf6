"""Japanese syllables to Latin letters (Hepburn, long vowels written as short ones)."""

import re

from anyascii import anyascii

_WORD = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]+")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
# A syllable and the small letter that replaces its vowel: `shi` + `yo` is `sho`.
_SMALL = re.compile("([\u30a1-\u30f4])([ャュョァィゥェォ])")
# Nothing is heard of these: a doubled consonant and a long vowel.
_SILENT = re.compile("[ッー]")
_PALATAL = ("sh", "ch", "j")
# `ou` and `oo` are one long o, but `Inoue` has another syllable there.
_LONG = re.compile("o[ou](?!e)|uu")


def latin_of_kana(text: str) -> str:
    """The text with each word in Hiragana or Katakana in Latin letters."""

    def word(match: re.Match[str]) -> str:
        letters = _SILENT.sub("", match.group().translate(_HIRAGANA))
        said = anyascii(_SMALL.sub(_contracted, letters))
        return _LONG.sub(lambda m: m.group()[0], said)

    return _WORD.sub(word, text)


def _contracted(match: re.Match[str]) -> str:
    whole, small = (anyascii(letter) for letter in match.groups())
    consonant = whole[:-1]
    if not consonant:
        # `u` before another vowel: ウィ is `wi`.
        return f"w{small}" if whole == "u" and small in "ieo" else whole + small
    if consonant in _PALATAL:
        return consonant + small[-1]
    return consonant + small
