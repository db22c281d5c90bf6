"""Thai letters to the consonants they are heard as; its vowels do not survive transcription."""

import re

from fraud_sanctions.names.normalise.syllables import with_short_vowels

_SILENCED = re.compile(r"[\u0e01-\u0e2e][\u0e34-\u0e39]?\u0e4c")
_WORD = re.compile(r"[\u0e00-\u0e7f]+")
# A letter y is heard as n where no vowel follows it.
_FINAL_N = re.compile("\u0e0d(?![\u0e30-\u0e3a\u0e45])")
_CONSONANTS = str.maketrans(
    {
        **dict.fromkeys("กขฃคฅฆ", "k"), "ง": "ng", **dict.fromkeys("จฉชฌ", "ch"),
        **dict.fromkeys("ซศษส", "s"), "ญ": "y", **dict.fromkeys("ฎด", "d"),
        **dict.fromkeys("ฏตฐฑฒถทธ", "t"), **dict.fromkeys("ณน", "n"), "บ": "b",
        **dict.fromkeys("ปผพภ", "p"), **dict.fromkeys("ฝฟ", "f"), "ม": "m", "ย": "y",
        "ร": "r", **dict.fromkeys("ลฬ", "l"), "ว": "w", **dict.fromkeys("หฮ", "h"),
    }
)  # fmt: skip


def thai_consonants(text: str, mark: str) -> str:
    """The text with each Thai word as `mark` and its consonants."""

    def word(match: re.Match[str]) -> str:
        spoken = _FINAL_N.sub("n", _SILENCED.sub("", match.group()))
        sounds = [letter.translate(_CONSONANTS) for letter in spoken]
        said = with_short_vowels([(s, False) for s in sounds if s.isascii()])
        return f"{mark}{said}" if said else ""

    return _WORD.sub(word, text)
