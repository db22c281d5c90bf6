"""Step 7: articles, links and patronymics: `bin`, `ould`, `al-`, `van der`, `-ovich`."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from fraud_sanctions.names.normalise.transliterate import ABJAD_MARK, latin_words
from fraud_sanctions.names.wordlists import kinds

_SERVANT_JOINED = re.compile(
    r"^abd(?:o?u|e|a|o)?(?:l|r(?=r)|s(?=s)|z(?=z)|d(?=d)|n(?=n))?-?(?=[a-z]{4,}$)"
)
_DIN = re.compile(r"^([a-z]{3,}?)(?:ud|ed|od|ad|al|el|ul|a|e|u)d[iey]+n{1,2}e?$")
_ALLAH = re.compile(r"(?:a|u|o|i|e)ll?[ao]h?$")
_ALLAHS = ("allah", f"{ABJAD_MARK}allah")
_SLAVIC = (
    r".{3,}(?:[oaey]v[iy](?:t?ch|c)|[oaei]vna|[aeo][uw]na|ichna)"
    r"|il[iy]{0,2}ch|(?:kuzm|nikit|luk|fom|savv)ich"
)
_SLAVIC_PATRONYMIC = re.compile(_SLAVIC)
_FATHER = re.compile(r"(.{3,}?)[iy]?[eoa](?:v[iy](?:t?ch|c)|[uvw]na)")
_PATRONYMIC = re.compile(_SLAVIC + r"|.{3,}(?:zoda|zadeh?)")


@cache
def _particles() -> Mapping[str, frozenset[str]]:
    """The table, its words in other scripts as names in them are read."""
    return {kind: latin_words(found) for kind, found in kinds("particles").items()}


def join_compounds(tokens: Sequence[str]) -> list[str]:
    """Names of two words that are one: `abd al rahman`, `salah ud din`, `nasr allah`."""
    table = _particles()
    servants, joints = table["servant"], table["joint"]
    joined: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        rest = tokens[at + 1 : at + 3]
        if token in servants and rest:
            skip = 2 if rest[0] in joints and len(rest) > 1 else 1
            abd = f"{ABJAD_MARK}abd" if token[0] == ABJAD_MARK else "abd"
            joined.append(abd + tokens[at + skip].lstrip(ABJAD_MARK))
            at += skip + 1
        elif token in _ALLAHS and joined and len(joined[-1]) > 2:
            joined[-1] += "ullah"
            at += 1
        elif (
            token in joints
            and rest[:1]
            and rest[0] in ("din", "deen", "dine")
            and joined
        ):
            joined[-1] += "uddin"
            at += 2
        elif token in ("uddin", "eddin", "eddine", "addin", "ullah") and joined:
            joined[-1] += token
            at += 1
        elif token in ("ur", "ul") and rest[:1] and joined and len(rest[0]) > 2:
            joined[-1] += rest[0]
            at += 2
        else:
            joined.append(token)
            at += 1
    return [_compound(token) for token in joined]


def _compound(token: str) -> str:
    if token.startswith("abd"):
        token = _SERVANT_JOINED.sub("abd", token)
    if len(token) > 6:
        if token.endswith(("n", "ne")):
            token = _DIN.sub(r"\1uddin", token)
        token = token.replace("urrahman", "rahman").replace("urrehman", "rahman")
    return _ALLAH.sub("ullah", token) if len(token) > 6 else token


def is_link(token: str) -> bool:
    """An article, preposition or family link: no evidence by itself."""
    return token in _particles()["link"] or names_father(token)


def is_surname(token: str) -> bool:
    """A link that is a family name among Chinese, Korean or Vietnamese words (`An`)."""
    return token in kinds("particles")["surname"]


def may_be_surname(token: str, *, last: bool) -> bool:
    """A link that is a family name where no name follows it (`John Lê`), or where no other
    word is left (`Le John`). An article is none."""
    table = _particles()
    if names_father(token):
        return last and token in table["last"]
    return is_link(token) and token not in table["article"]


def names_father(token: str) -> bool:
    """Whether the next word is the father's name (`bin`, `ould`, `oglu`)."""
    return token in _particles()["father"]


def is_patronymic(token: str) -> bool:
    """A word whose ending says that it is the father's name (`Ivanovich`, `Petrovna`)."""
    return _PATRONYMIC.fullmatch(token) is not None


def is_slavic_patronymic(token: str, *, last: bool = False) -> bool:
    """A patronymic beside which own and family name stand (`Petrovich`, `Ilyinichna`)."""
    return _SLAVIC_PATRONYMIC.fullmatch(token) is not None and not (
        last and token.endswith("vic")
    )


def father_of(token: str) -> str:
    """The name that an East Slavic patronymic is made of, in its stem, or nothing."""
    match = _FATHER.fullmatch(token)
    return match.group(1) if match else ""
