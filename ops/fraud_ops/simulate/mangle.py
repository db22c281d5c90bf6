"""How a listed name is written by somebody who hopes that it is not found."""

from collections.abc import Callable

import numpy as np

_CYRILLIC = {
    "shch": "щ", "sh": "ш", "ch": "ч", "zh": "ж", "kh": "х", "ts": "ц", "ya": "я",
    "yu": "ю", "ye": "е", "a": "а", "b": "б", "c": "к", "d": "д", "e": "е", "f": "ф",
    "g": "г", "h": "х", "i": "и", "j": "дж", "k": "к", "l": "л", "m": "м", "n": "н",
    "o": "о", "p": "п", "q": "к", "r": "р", "s": "с", "t": "т", "u": "у", "v": "в",
    "w": "в", "x": "кс", "y": "й", "z": "з",
}  # fmt: skip
_SPELLINGS = (
    ("kh", "h"), ("sh", "sch"), ("ov", "off"), ("ei", "ey"), ("ou", "u"), ("q", "k"),
    ("y", "i"), ("w", "v"), ("ee", "i"), ("ai", "ay"), ("k", "c"), ("z", "s"),
)  # fmt: skip
_ACCENTS = str.maketrans("aeioucnszAEIOU", "áéíóúçñšžÁÉÍÓÚ")
# Not every disguise fits every name, and two may undo each other.
_ATTEMPTS = 12
Mangler = Callable[[np.random.Generator, list[str]], list[str]]


def mangle(rng: np.random.Generator, name: str) -> str:
    """The name with one or two disguises: a typo, another order, another spelling, an
    initial, accents, or another script."""
    words = name.split()
    wanted = 1 + int(rng.random() < 0.3)
    for attempt in range(_ATTEMPTS):
        words = _MANGLERS[int(rng.integers(len(_MANGLERS)))](rng, words)
        if attempt + 1 >= wanted and " ".join(words) != name:
            break
    return " ".join(words)


def _typo(rng: np.random.Generator, words: list[str]) -> list[str]:
    """Two letters swapped, or one doubled or lost, inside the longest word."""
    longest = max(range(len(words)), key=lambda i: len(words[i]))
    word = words[longest]
    if len(word) < 4:
        return words
    i = int(rng.integers(1, len(word) - 2))
    swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    choice = (swapped, word[:i] + word[i : i + 1] + word[i:], word[:i] + word[i + 1 :])
    return [*words[:longest], choice[int(rng.integers(3))], *words[longest + 1 :]]


def _reorder(rng: np.random.Generator, words: list[str]) -> list[str]:
    """Family name first, with or without the comma."""
    if len(words) < 2:
        return words
    comma = "," if rng.random() < 0.5 else ""
    return [words[-1].rstrip(",") + comma, *words[:-1]]


def _spelling(rng: np.random.Generator, words: list[str]) -> list[str]:
    """Another romanisation of the same sounds; the first letter stays."""
    text = " ".join(words)
    fitting = [(old, new) for old, new in _SPELLINGS if old in text[1:]]
    if not fitting:
        return words
    old, new = fitting[int(rng.integers(len(fitting)))]
    return (text[0] + text[1:].replace(old, new, 1)).split()


def _initial(rng: np.random.Generator, words: list[str]) -> list[str]:
    """A middle word becomes an initial; particles and the last word are kept."""
    middle = [i for i, word in enumerate(words[1:-1], 1) if word[0].isupper()]
    if not middle:
        return _typo(rng, words)
    i = middle[int(rng.integers(len(middle)))]
    return [*words[:i], f"{words[i][0]}.", *words[i + 1 :]]


def _accents(rng: np.random.Generator, words: list[str]) -> list[str]:
    """Accents over the letters of one word."""
    i = int(rng.integers(len(words)))
    return [*words[:i], words[i].translate(_ACCENTS), *words[i + 1 :]]


def _cyrillic(_: np.random.Generator, words: list[str]) -> list[str]:
    """The whole name in Cyrillic letters."""
    return [_transliterate(word) for word in words]


def _transliterate(word: str) -> str:
    letters: list[str] = []
    i = 0
    while i < len(word):
        for length in (4, 2, 1):
            piece = word[i : i + length]
            if len(piece) == length and piece.lower() in _CYRILLIC:
                other = _CYRILLIC[piece.lower()]
                letters.append(other.capitalize() if piece[0].isupper() else other)
                break
        else:
            length = 1
            letters.append(word[i])
        i += length
    return "".join(letters)


_MANGLERS: tuple[Mangler, ...] = (
    _typo, _reorder, _spelling, _initial, _accents, _cyrillic,
)  # fmt: skip
