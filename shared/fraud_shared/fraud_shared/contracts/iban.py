"""International bank account numbers (ISO 13616): recognised, checked, in one form."""

import re

# Country and length, from the registry that SWIFT keeps (release 99).
_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})([0-9]{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 "
        "DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 "
        "GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 "
        "PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 "
        "SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
}
_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_PRINTED = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}")
_ALNUM = re.compile(r"[0-9A-Za-z]")


def is_iban(text: str) -> bool:
    """Whether `text` is an IBAN in electronic form: its country's length and a right
    check number (ISO 7064, modulo 97)."""
    if not _SHAPE.fullmatch(text) or _LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def electronic(text: str) -> str | None:
    """The electronic form of an IBAN written with spaces, hyphens, small letters or the
    word IBAN before it; None when it is no valid IBAN."""
    joined = text.translate(_JOIN).upper()
    if joined.startswith("IBAN"):
        joined = joined[4:].removeprefix(":")
    return joined if is_iban(joined) else None


_JOIN = dict.fromkeys(map(ord, " -\u00a0\u2007\u202f\u2009\u2010\u2011\u2012\u2013"))


def spans(text: str) -> list[tuple[int, int]]:
    """Where valid IBANs, printed or electronic, stand in `text`."""
    found = []
    for match in _PRINTED.finditer(text):
        wanted = _LENGTHS.get(match[0][:2].upper(), 0)
        letters = list(_ALNUM.finditer(match[0]))[:wanted]
        joined = "".join(letter[0] for letter in letters).upper()
        if is_iban(joined):
            found.append((match.start(), match.start() + letters[-1].end()))
    return found
