"""Step 8: numbers and series marks (`II`, `No. 7`, `Twenty`) in one spelling: `#2`."""

from collections.abc import Sequence

_ROMAN = {
    "ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12,
    "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19, "xx": 20,
}  # fmt: skip
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "hundred": 100,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "1st": 1,
    "2nd": 2, "3rd": 3, "4th": 4, "5th": 5,
}  # fmt: skip
# A lone i, v or x is a number only as the last word of something longer (`Trust I`).
_OF_PERSONS = ("ii", "iii", "iv")  # Xi and Vi are family names
_LAST_ONLY = {"i": 1, "v": 5, "x": 10}
NUMBER_MARK = "#"


def mark_numbers(tokens: Sequence[str], *, organisation: bool) -> list[str]:
    """The words with each number as `#n`. Number words only in names of organisations."""
    marked = []
    last = len(tokens) - 1
    for at, token in enumerate(tokens):
        value = _ROMAN.get(token) if organisation else None
        if at == last and at > 0 and token in _OF_PERSONS:
            value = _ROMAN[token]
        if token.isdecimal():
            value = int(token[:18])
        elif organisation and value is None:
            value = _WORDS.get(token)
            if value is None and at == last and at > 0:
                value = _LAST_ONLY.get(token)
        marked.append(token if value is None else f"{NUMBER_MARK}{value}")
    return marked
