"""Step 2: letters of another script that only look right (`Вiталь`, `Рaul`)."""

import re

_WORD = re.compile(r"[^\W\d_]+")
_LONE = re.compile(r"(?<!\w)[A-Za-z](?!\w)")
_LATIN = "aceiopxyABCEHIKMOPTXaeopcyxiSsJj"
_CYRILLIC = "асеіорхуАВСЕНІКМОРТХаеорсухіЅѕЈј"
_GREEK = "αοικνρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_LATIN_OF_GREEK = "aoikvptuxABEZHIKMNOPTYX"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC + _GREEK, _LATIN + _LATIN_OF_GREEK)


def _script(char: str) -> str:
    code = ord(char)
    if code < 0x250:
        return "latin"
    if 0x370 <= code < 0x400:
        return "greek"
    if 0x400 <= code < 0x530:
        return "cyrillic"
    return "other"


def _settle(match: re.Match[str]) -> str:
    word = match.group()
    if word.isascii():
        return word
    scripts = [_script(char) for char in word]
    latin, cyrillic = scripts.count("latin"), scripts.count("cyrillic")
    if not latin or latin == len(word):
        return word
    if cyrillic > latin:
        return word.translate(_TO_CYRILLIC)
    return word.translate(_TO_LATIN)


def fold_homoglyphs(text: str) -> str:
    """Each word in the script most of its letters belong to.

    A lone letter has no majority of its own and follows the text (`Общество C ...`).
    """
    if text.isascii():
        return text
    text = _WORD.sub(_settle, text)
    scripts = [_script(char) for char in text if char.isalpha()]
    if scripts.count("cyrillic") > len(scripts) // 2:
        text = _LONE.sub(lambda match: match.group().translate(_TO_CYRILLIC), text)
    return text
