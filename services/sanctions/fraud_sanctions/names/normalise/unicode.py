"""Step 1: one spelling per character; what the eye does not see, or does not read as a
letter, neither separates nor changes a name."""

import re
import unicodedata

# Zero-width and bidirectional marks and tags are category Cf, controls Cc, private use Co,
# lone surrogates Cs, unassigned Cn: none of them can be part of a name.
_DROPPED = frozenset({"Cf", "Co", "Cs", "Cn"})
# Ignored by whoever draws a text (Unicode, Default_Ignorable_Code_Point) though their category
# is that of letters or marks: joiners, fillers, selectors of a variant.
_IGNORED = frozenset(
    map(
        chr,
        (
            0x034F,
            0x115F,
            0x1160,
            0x17B4,
            0x17B5,
            0x180B,
            0x180C,
            0x180D,
            0x180F,
            0x3164,
            0xFFA0,
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
# Marks above, below and through letters of any script, where they make no letter of their
# own, and modifiers of sound.
_MARKS = re.compile(
    "[\u02b0-\u02ff\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_BLANK = "\u2800"  # of Braille: drawn as nothing
_OVERRIDE = re.compile("\u202e([^\u202c]*)\u202c?")
# Letters in circles and squares that compatibility does not undo.
_BOXED = {base + n: chr(65 + n) for base in (0x1F150, 0x1F170) for n in range(26)}
# Two of these are a flag, more are letters.
_FLAG = re.compile(
    "(?<![\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff]{2}(?![\U0001f1e6-\U0001f1ff])"
)
_REGIONAL = {0x1F1E6 + n: chr(65 + n) for n in range(26)}
# Read as a letter only between letters (`P@vel`).
_READ_AS = {"@": "a", "$": "s", "€": "e", "!": "i", "|": "l"}
_STAND_IN = re.compile(r"(?<=[^\W\d_])[@$€!|](?=[^\W\d_])")
_SYMBOLS = frozenset({"Sc", "Sk", "Sm", "So"})
_HIDDEN, _SEEN = "\ue000", "\ue001"
_MARKERS = re.compile(f"[{_HIDDEN}{_SEEN}]+")
# Before compatibility, which makes letters of some, and a space and a mark of others.
_BEFORE = {
    **{ord(char): _HIDDEN for char in {*_IGNORED, *"¨¯¸˘˙˚˛˜˝"}},
    **{ord(char): _SEEN for char in "™℠©®℗"},
    ord("´"): "'",
    **_BOXED,
    **_REGIONAL,
}
_ASCII_SYMBOLS = frozenset("$+<=>^|~")
_UNUSUAL = _ASCII_SYMBOLS | frozenset("@!")
_ONE_LETTER = re.compile(r"(?<!\w)\w(?!\w)")
MAX_LENGTH = 512


def clean(text: str) -> str:
    """Compatibility form (NFKC), controls and symbols as spaces, invisible characters gone.

    The result is at most 512 characters (the longest listed name is shorter), so that
    every later step is bounded.
    """
    return _without(_marked(text), hidden="", seen=" ")


def written(text: str) -> list[str]:
    """Every way in which the text may be meant, the usual one first.

    What stands unseen between two letters may have taken the place of a space, and a symbol
    may stand inside a word.
    """
    text = text[:MAX_LENGTH]
    if text.isascii() and text.isprintable() and _UNUSUAL.isdisjoint(text):
        return [text]
    marked = _marked(text)
    found = [_without(marked, hidden="", seen=" ")]
    if _HIDDEN in marked:
        apart = _without(marked, hidden=" ", seen=" ")
        # Between all letters they part none.
        found += [] if _ONE_LETTER.search(apart) else [apart]
    if _SEEN in marked:
        found.append(_without(marked, hidden="", seen=""))
    if _STAND_IN.search(text):
        read = _STAND_IN.sub(lambda match: _READ_AS[match[0]], text)
        found.append(_without(_marked(read), hidden="", seen=" "))
    if _OVERRIDE.search(text):
        turned = _OVERRIDE.sub(lambda match: match[1][::-1], text)
        found.append(_without(_marked(turned), hidden="", seen=" "))
    return list(dict.fromkeys(found))


def _without(marked: str, *, hidden: str, seen: str) -> str:
    return marked.replace(_HIDDEN, hidden).replace(_SEEN, seen)


def _marked(text: str) -> str:
    """The text with a marker for each unseen character and another for each symbol."""
    text = text[:MAX_LENGTH]
    if text.isascii() and text.isprintable() and _ASCII_SYMBOLS.isdisjoint(text):
        return text
    text = _FLAG.sub(_SEEN, text).translate(_BEFORE)
    kept = []
    for char in unicodedata.normalize("NFKC", text)[:MAX_LENGTH]:
        category = unicodedata.category(char)
        if char in (_HIDDEN, _SEEN):
            kept.append(char)
        elif category in _DROPPED or char in _IGNORED:
            kept.append(_HIDDEN)
        elif category[0] in "CZ" or char == _BLANK:
            kept.append(" ")
        elif category in _SYMBOLS and char != "`":
            kept.append(_SEEN)
        elif not _MARKS.match(char):
            kept.append(char)
    return _MARKERS.sub(lambda match: max(match[0]), "".join(kept))
