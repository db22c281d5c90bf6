"""Other writings of a name, and other names that only look like it."""

from collections.abc import Callable, Mapping
from random import Random

from fraud_lab.evaluate.screening.names import (
    Bearer,
    another,
    another_brand,
    another_family,
    another_trade,
)

Mangle = Callable[[Bearer, Random], str | None]
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SCANNER = (("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("i", "l"), ("e", "c"), ("u", "v"), ("h", "b"))  # fmt: skip
_HOMOGLYPHS = str.maketrans("aeopcx", "аеорсх")
_ROMANISATIONS = (
    ("kh", "h"), ("dh", "d"), ("sh", "ch"), ("q", "k"), ("u", "ou"), ("i", "ee"), ("y", "i"),
    ("zh", "j"), ("ov", "off"), ("ei", "ey"), ("h", "kh"), ("j", "dj"), ("f", "ph"), ("al-", "el-"),
    ("v", "w"), ("sky", "skiy"), ("ya", "ia"), ("yu", "iu"), ("ts", "tz"), ("k", "c"),
)  # fmt: skip
_NICKNAMES = {
    "William": "Bill", "Robert": "Bob", "Richard": "Dick", "James": "Jim", "John": "Jack",
    "Joseph": "Joe", "Michael": "Mike", "Alexander": "Alex", "Charles": "Chuck",
    "Thomas": "Tom", "Edward": "Ted", "Henry": "Harry", "Elizabeth": "Liz",
    "Margaret": "Peggy", "Katherine": "Kate", "Anthony": "Tony", "Nicholas": "Nick",
    "Andrew": "Andy", "Daniel": "Dan", "Samuel": "Sam", "Vladimir": "Vova", "Dmitry": "Dima",
    "Sergei": "Sergey",
}  # fmt: skip
_WADE_GILES = {
    "zh": "ch",
    "x": "hs",
    "q": "ch",
    "g": "k",
    "d": "t",
    "b": "p",
    "j": "ch",
}
_REVISED = {
    "Pak": "Park", "Ri": "Lee", "Choe": "Choi", "Chong": "Jung", "Yun": "Yoon", "Song": "Seong",
    "Chol": "Cheol", "Yong": "Young", "Myong": "Myung", "Su": "Soo", "Hyok": "Hyuk",
}  # fmt: skip
_LONG_FORMS = {
    "LLC": "Limited Liability Company", "Ltd": "Limited", "JSC": "Joint Stock Company",
    "GmbH": "Gesellschaft mit beschränkter Haftung", "Inc": "Incorporated",
    "SARL": "Société à responsabilité limitée",
    "OOO": "Obshchestvo s ogranichennoy otvetstvennostyu", "Co., Ltd.": "Company Limited",
}  # fmt: skip
_NUMBER_WORDS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight", 9: "Nine"}  # fmt: skip
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII",
          "XIV", "XV", "XVI", "XVII", "XVIII", "XIX")  # fmt: skip
_TITLES = ("Mr.", "Dr.", "General", "Sheikh", "Haji", "Colonel", "Prof.")
_SHIP_PREFIXES = ("M/V", "MV", "MT")


def _longest(parts: tuple[str, ...]) -> int:
    return max(range(len(parts)), key=lambda at: len(parts[at]))


def _written(who: Bearer, parts: list[str] | tuple[str, ...]) -> str:
    return " ".join((*parts, who.form)).strip()


def _in_longest(who: Bearer, change: Callable[[str], str]) -> str | None:
    at = _longest(who.parts)
    if len(who.parts[at]) < 6:
        return None
    parts = list(who.parts)
    parts[at] = change(parts[at])
    return _written(who, parts) if parts[at] != who.parts[at] else None


def keyboard(who: Bearer, random: Random) -> str | None:
    """One letter replaced by its neighbour on the keyboard."""

    def change(word: str) -> str:
        at = random.randrange(1, len(word))
        for row in _KEYBOARD:
            place = row.find(word[at].lower())
            if place >= 0:
                near = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
                return word[:at] + random.choice(near) + word[at + 1 :]
        return word

    return _in_longest(who, change)


def scanner(who: Bearer, random: Random) -> str | None:
    """What a scanner reads instead of a letter."""

    def change(word: str) -> str:
        able = [(old, new) for old, new in _SCANNER if old in word[1:]]
        if not able:
            return word
        old, new = random.choice(able)
        return word[0] + word[1:].replace(old, new, 1)

    return _in_longest(who, change)


def dropped_letter(who: Bearer, random: Random) -> str | None:
    """One letter left out."""
    at = random.randrange(1, 6)
    return _in_longest(who, lambda word: word[:at] + word[at + 1 :])


def doubled_letter(who: Bearer, random: Random) -> str | None:
    """One letter twice."""
    at = random.randrange(1, 6)
    return _in_longest(who, lambda word: word[:at] + word[at] + word[at:])


def swapped_letters(who: Bearer, random: Random) -> str | None:
    """Two neighbouring letters exchanged."""
    at = random.randrange(1, 5)
    return _in_longest(
        who, lambda word: word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    )


def swapped_words(who: Bearer, random: Random) -> str | None:
    """The family name first, or the words of an organisation in another order."""
    if "bin" in who.parts:
        return None
    return _written(who, [who.parts[-1], *who.parts[:-1]])


def last_first(who: Bearer, random: Random) -> str | None:
    """`LAST, First` as lists print it."""
    if who.kind != "person" or who.culture in ("hangul", "han"):
        return None
    return f"{who.parts[-1].upper()}, {' '.join(who.parts[:-1])}"


def dropped_word(who: Bearer, random: Random) -> str | None:
    """A person without the middle or the father's name."""
    if who.kind != "person" or len(who.parts) < 3 or who.culture == "hangul":
        return None
    return f"{who.parts[0]} {who.parts[-1]}"


def initial(who: Bearer, random: Random) -> str | None:
    """The middle or own name by its first letter."""
    if who.kind != "person" or who.culture not in ("latin", "cyrillic"):
        return None
    own, middle, family = who.parts
    return random.choice(
        (f"{own} {middle[0]}. {family}", f"{own[0]}. {middle} {family}")
    )


def nickname(who: Bearer, random: Random) -> str | None:
    """A short form of the own name."""
    short = _NICKNAMES.get(who.parts[0])
    return " ".join((short, *who.parts[1:])) if short else None


def joined(who: Bearer, random: Random) -> str | None:
    """Two words written as one."""
    if len(who.parts) < 3 or who.parts[-1].isdigit() or "bin" in who.parts:
        return None
    first, second, *rest = who.parts
    return _written(who, [first + second.lower(), *rest])


def split(who: Bearer, random: Random) -> str | None:
    """One word written as two."""
    return _in_longest(who, lambda word: f"{word[:4]} {word[4:]}")


def honorific(who: Bearer, random: Random) -> str | None:
    """A title before the name."""
    return f"{random.choice(_TITLES)} {who.text}" if who.kind == "person" else None


def native(who: Bearer, random: Random) -> str | None:
    """The name in its own script."""
    return who.native or None


def homoglyphs(who: Bearer, random: Random) -> str | None:
    """Cyrillic letters that look like Latin ones."""
    at = _longest(who.parts)
    parts = list(who.parts)
    parts[at] = parts[at][0] + parts[at][1:].translate(_HOMOGLYPHS)
    return _written(who, parts) if parts[at] != who.parts[at] else None


def romanised(who: Bearer, random: Random) -> str | None:
    """Another romanisation, by the habits of the language."""
    if who.culture == "hangul":
        found = " ".join(_REVISED.get(part, part) for part in who.parts)
    elif who.culture == "han":
        words = []
        for part in who.parts:
            start = next((s for s in _WADE_GILES if part.lower().startswith(s)), "")
            new = _WADE_GILES.get(start, "") + part.lower()[len(start) :]
            words.append(new.title())
        found = " ".join(words)
    elif who.culture in ("cyrillic", "arabic", "hebrew", "greek"):
        found = who.text.lower()
        for old, new in random.sample(_ROMANISATIONS, 3):
            found = found.replace(old, new)
        found = found.title()
    else:
        return None
    return found if found != who.text else None


def company_form(who: Bearer, random: Random) -> str | None:
    """The legal form in full, or left out."""
    if not who.form:
        return None
    form = random.choice((_LONG_FORMS[who.form], ""))
    return " ".join((*who.parts, form)).strip()


def number_word(who: Bearer, random: Random) -> str | None:
    """The number in another writing."""
    if who.culture != "series":
        return None
    number = int(who.parts[-1])
    writings = [_ROMAN[number], f"No. {number}"]
    if who.kind == "organisation" and number in _NUMBER_WORDS:
        writings.append(_NUMBER_WORDS[number])
    return " ".join((*who.parts[:-1], random.choice(writings)))


def ship_prefix(who: Bearer, random: Random) -> str | None:
    """What is written before a ship's name."""
    return (
        f"{random.choice(_SHIP_PREFIXES)} {who.text}" if who.kind == "vessel" else None
    )


def other_own_name(who: Bearer, random: Random) -> str | None:
    """Another person of the same family."""
    if who.kind != "person":
        return None
    parts = list(who.parts)
    parts[who.given] = another(parts[who.given], who, random)
    return " ".join(parts) if parts[who.given] not in who.parts else None


def other_family(who: Bearer, random: Random) -> str | None:
    """Another person of the same own name."""
    if who.kind != "person" or who.culture in ("hangul", "han"):
        return None
    return " ".join((*who.parts[:-1], another_family(who, random)))


def other_father(who: Bearer, random: Random) -> str | None:
    """Somebody else's child of the same name."""
    if who.culture != "arabic" or who.father is None:
        return None
    parts = list(who.parts)
    parts[who.father] = another(parts[who.father], who, random)
    return " ".join(parts) if parts[who.father] not in who.parts else None


def father_and_son(who: Bearer, random: Random) -> str | None:
    """Own name and father's name exchanged: two people."""
    if who.culture != "arabic":
        return None
    own, link, father, family = who.parts
    return f"{father} {link} {own} {family}"


def other_brand(who: Bearer, random: Random) -> str | None:
    """Another company in the same line of business."""
    if who.kind == "person":
        return None
    return _written(who, [another_brand(who.parts[0], random), *who.parts[1:]])


def other_trade(who: Bearer, random: Random) -> str | None:
    """Another company of the same house."""
    if not who.form:
        return None
    return _written(who, [*who.parts[:-1], another_trade(who.parts[-1], random)])


def other_number(who: Bearer, random: Random) -> str | None:
    """The next of a series."""
    if who.culture != "series":
        return None
    return " ".join((*who.parts[:-1], str(int(who.parts[-1]) + random.randint(1, 9))))


SAME: Mapping[str, Mangle] = {
    "keyboard slip": keyboard, "scanner error": scanner, "letter dropped": dropped_letter,
    "letter doubled": doubled_letter, "letters swapped": swapped_letters,
    "words in another order": swapped_words, "LAST, First": last_first,
    "middle name dropped": dropped_word, "initial": initial, "nickname": nickname,
    "written together": joined, "written apart": split, "title": honorific,
    "own script": native, "homoglyphs": homoglyphs, "another romanisation": romanised,
    "company form": company_form, "number written otherwise": number_word,
    "ship's prefix": ship_prefix,
}  # fmt: skip
OTHER: Mapping[str, Mangle] = {
    "other own name": other_own_name, "other family name": other_family,
    "other father": other_father, "father and son": father_and_son,
    "other brand": other_brand, "other line of business": other_trade,
    "other number": other_number,
}  # fmt: skip
