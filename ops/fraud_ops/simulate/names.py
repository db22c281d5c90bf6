"""Invented names from syllable tables, one table per culture. No real person is meant."""

import numpy as np

# Given-name beginnings and endings, family-name beginnings and endings.
_TABLES: dict[str, tuple[str, str, str, str]] = {
    "germanic": (
        "Al Ber Diet Er Fried Ger Hein Klar Lud Man Sig Wol",
        "bert hild lind mar olf rike run trud win wald",
        "Acher Brand Dorn Eich Falken Grün Hohl Kessel Linden Mühl Stein Wies",
        "bach berg feld hauer hof ler mann meier reiter thal",
    ),
    "romance": (
        "Al Bel Cla Do El Fer Gio Lu Mar Ren Sal Vi",
        "ane berto cia dine élie ina lio nardo riana vio",
        "Bar Cas Del Fon Gar Mon Per Riv San Tor Val Ver",
        "audo ella enza ière etti illo ones oux ozzi tero",
    ),
    "anglo": (
        "Al Bra Cal Dar Ed Gra Har Jo Ken Mil Ros Win",
        "den ella fred leigh lyn mond ry sie ton wyn",
        "Ash Black Carl Dun Elder Fair Hart King Lang Mar Thorn Whit",
        "brook combe dale ford ham ley man stone wick worth",
    ),
    "slavic": (
        "Bog Dob Jar Kaz Lub Mir Rad Slav Stan Tom Wit Zbig",
        "ana imir islav milo niew omir osz usza wina yna",
        "Bar Dąb Gór Jan Kal Kow Lis Mal Now Ost Wil Zar",
        "acki alska czyk ecki iak iewicz owicz owska ski yński",
    ),
    "nordic": (
        "As Bir Dag Ei Frey Gun Hal Ing Kar Sig Tor Ul",
        "borg dis frid gerd mar ny rid sten vald vor",
        "Berg Dal Ek Fors Gran Holm Lind Nor Sand Sjö Ström Vik",
        "berg crona dahl fors gren lund mark quist stedt ström",
    ),
    "turkic": (
        "Ay Ber Cem Dil Em El Gül Ha Il Ser Tur Yas",
        "al can can er gül han ile kan mur nur",
        "Ak Bal Çel Dem Er Gök Kara Öz Sarı Taş Yıl Yol",
        "alan bulut çı dağ can kaya maz oğlu soy taş",
    ),
    "indic": (
        "An Bha Cha De Gau Ka La Man Pra Ra Su Vi",
        "esh ika ila isha kar mala nath raj tara vati",
        "Bhat Chan Desh Gav Jay Kul Mah Nar Pat Sen Tha Vas",
        "andra ani dekar gaon karni mukh ore rao sinha wala",
    ),
    "sinic": (
        "Chi Fei Hai Jun Lan Mei Pei Rui Shu Wen Xi Yu",
        "an fang hua jie lin mei ning ping qing yan",
        "Bai Cheng Dong Feng Guo Hou Jiang Lu Meng Qiao Tang Zhuo",
        "en ai u ao in o ui an e i",
    ),
}
CULTURES: tuple[str, ...] = tuple(_TABLES)
_PARTS = {
    culture: tuple(tuple(part.split()) for part in table)
    for culture, table in _TABLES.items()
}
_TRADES = [
    "Bau",
    "Data",
    "Energy",
    "Farm",
    "Foods",
    "Garden",
    "Glass",
    "Health",
    "Interior",
    "Legal",
    "Logistics",
    "Marine",
    "Media",
    "Metal",
    "Motors",
    "Optics",
    "Paper",
    "Print",
    "Security",
    "Services",
    "Solar",
    "Studio",
    "Textile",
    "Tools",
    "Travel",
    "Water",
    "Wood",
]
_FORMS = {
    "DE": "GmbH", "AT": "GmbH", "CH": "AG", "NL": "BV", "FR": "SARL", "ES": "SL",
    "IT": "Srl", "PT": "Lda", "GB": "Ltd", "IE": "Ltd", "PL": "Sp. z o.o.", "SE": "AB",
    "TR": "A.Ş.", "US": "LLC",
}  # fmt: skip
# Names people share with somebody on a list by chance: a token alone proves nothing.
_COMMON_TOKENS = ("Damirov", "Ghazari", "Vastrada", "Meridian")


def person_name(rng: np.random.Generator, culture: str) -> str:
    """A given name and a family name; one in ten has a middle name."""
    if rng.random() < 0.12:
        culture = CULTURES[int(rng.integers(len(CULTURES)))]
    begin, end, stem, tail = _PARTS[culture]
    i, j, k, m, p, q = (int(n) for n in rng.integers(0, 10, 6))
    given = begin[i] + end[j]
    family = stem[k] + tail[m]
    draw = rng.random()
    if draw < 0.1:
        return f"{given} {begin[p]}{end[q]} {family}"
    if draw < 0.102:
        return f"{given} {_COMMON_TOKENS[p % len(_COMMON_TOKENS)]}"
    return f"{given} {family}"


def company_name(rng: np.random.Generator, culture: str, country: str) -> str:
    """A family name, a trade and the legal form of the country."""
    _, _, stem, tail = _PARTS[culture]
    i, j, k = (int(n) for n in rng.integers(0, 1000, 3))
    trade = _TRADES[k % len(_TRADES)]
    form = _FORMS.get(country, "Co")
    return f"{stem[i % len(stem)]}{tail[j % len(tail)]} {trade} {form}"
