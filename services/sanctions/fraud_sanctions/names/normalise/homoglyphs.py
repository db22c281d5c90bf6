"""Step 2: letters of another script that only look right (`Вiталь`, `Рaul`)."""

import re
import string

_WORD = re.compile(r"[^\W\d_]+")
_LONE = re.compile(r"(?<!\w)[A-Za-z](?!\w)")
_LATIN = "aceiopxyABCEHIKMOPTXaeopcyxiSsJj"
_CYRILLIC = "асеіорхуАВСЕНІКМОРТХаеорсухіЅѕЈј"
# Letters that pass for a Latin one only among Latin letters.
_PASSING = "кмтнвпгһԁԛԝӏь"
_LATIN_OF_PASSING = "kmthbnrhdqwlb"
_GREEK = "αοικνρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_LATIN_OF_GREEK = "aoikvptuxABEZHIKMNOPTYX"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(
    _CYRILLIC + _GREEK + _PASSING, _LATIN + _LATIN_OF_GREEK + _LATIN_OF_PASSING
)
# Letters of scripts in which no list writes, drawn as Latin ones: Cherokee, Lisu.
_DRAWN_AS_LATIN = str.maketrans(
    "ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎷᎻᎽᏀᏂᏃᏇᏎᏏᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏨᏩᏫᏳᏴꓐꓑꓒꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓤꓥꓦꓧꓨꓩꓪꓫꓬꓮꓯꓰꓱꓲꓳꓴ",
    "DRTiYAJEWMHYGhZwUbRWSVSLCPKdGGwGBBPdDTGKJCZFMNLSRRVVHGIWXYAAEEIOU",
)
# Armenian, Coptic and others, only beside Latin letters.
_BESIDE_LATIN = str.maketrans(
    "օսոհցզգպտքՕՍԼՏՈⲞⲢⲤⲦⲘⲚⲔⲎⲂⲀⲈⲒ", "ounhgqqwwfOULSnOPCTMNKHBAEI"
)
_ALIKE = frozenset(_CYRILLIC)
_ONLY_LATIN = frozenset(string.ascii_letters) - set(_LATIN)


# Looks like one letter, sounds like another.
_ES = str.maketrans("Сс", "Ss")


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
    if cyrillic > latin and not _disguised(word, scripts):
        return word.translate(_TO_CYRILLIC)
    return word.translate(_TO_LATIN).translate(_BESIDE_LATIN)


def _disguised(word: str, scripts: list[str]) -> bool:
    """A Latin word however few letters of it are left: what is Cyrillic in it looks Latin,
    and some of what is Latin looks like nothing Cyrillic."""
    foreign = {c for c, of in zip(word, scripts, strict=True) if of == "cyrillic"}
    return foreign <= _ALIKE and not _ONLY_LATIN.isdisjoint(word)


def fold_homoglyphs(text: str) -> str:
    """Each word in the script most of its letters belong to.

    A lone letter has no majority of its own and follows the text (`Общество C ...`), as
    does a word of look-alikes only beside Latin ones (`Аса Krandalov`).
    """
    if text.isascii():
        return text
    text = _WORD.sub(_settle, text.translate(_DRAWN_AS_LATIN))
    scripts = [_script(char) for char in text if char.isalpha()]
    cyrillic = scripts.count("cyrillic")
    if cyrillic > len(scripts) // 2:
        text = _LONE.sub(lambda match: match.group().translate(_TO_CYRILLIC), text)
    elif cyrillic and scripts.count("latin") > cyrillic:
        text = _WORD.sub(_beside_latin, text)
    return text


def _beside_latin(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(_TO_LATIN) if _ALIKE.issuperset(word) else word


def es_by_sound(text: str) -> str:
    """The text with `С` in words of two scripts taken for what it sounds like."""
    return text if text.isascii() else _WORD.sub(_es, text)


def _es(match: re.Match[str]) -> str:
    word = match.group()
    mixed = {"latin", "cyrillic"} <= {_script(char) for char in word}
    return word.translate(_ES) if mixed else word
