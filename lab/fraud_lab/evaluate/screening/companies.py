"""Invented companies, as real ones are called: a brand, a line of business, a legal form."""

from random import Random

_ONSETS = str.split(
    "Br D Dr F Fl G Gr H J K Kl L M N P Pr R S Sk St T Tr V W Z Ch Sh Th Qu"
)
_VOWELS = str.split("a e i o u ai ea io ou")
_MIDDLES = str.split("b d g l ld lm m mb n nd nt r rd rm rt s st t v x")
_ENDS = str.split("a o is an er on ex ix us el ia ora ent ium")
_EVERYDAY = str.split(
    "Amber Arrow Birch Bramble Bright Canyon Cedar Clover Copper Crescent Elm Fern Granite Hazel Heron "
    "Indigo Juniper Lantern Larch Maple Meadow Nimble Oak Otter Pebble Pine Quill Raven Ridge Robin Rowan "
    "Sable Spruce Summit Swift Thistle Timber Tulip Vale Willow Wren Blue Green North River Stone Silver"
)
_FAMILIES = str.split(
    "Abbott Bakker Carlsen Dubois Eriksen Fontaine Gruber Hansen Ivarsson Jansen Kowal Larsen Meier "
    "Novotny Olsen Palmer Quist Rossini Schuster Tanner Ulrich Vermeer Winther Yates Zeller"
)
_TRADES = str.split(
    "Accounting Bakery Books Carpentry Catering Ceramics Chemicals Cleaning Construction Consulting "
    "Dental Design Electronics Energy Engineering Fashion Flooring Foods Furniture Gardens Glass Holdings "
    "Insurance Interiors Investments Joinery Lighting Logistics Machinery Media Metals Motors Optics "
    "Packaging Pharmacy Plumbing Printing Properties Roofing Services Shipping Software Solutions Steel "
    "Systems Technologies Textiles Tools Trading Transport Travel Ventures"
)
_FORMS = str.split(
    "Ltd|Limited|LLC|Inc|Corp|GmbH|AG|B.V.|N.V.|S.A.|SARL|S.r.l.|S.p.A.|Oy|AB|A/S|PLC|Pte Ltd|Co., Ltd.|",
    "|",
)


def companies(count: int, seed: int) -> list[str]:
    """`count` names of companies that do not exist, or only by chance; the same for a seed."""
    random = Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        makers = (_coined, _coined, _everyday, _joined, _family)
        words = [*random.choice(makers)(random), random.choice(_TRADES)]
        found[" ".join((*words, random.choice(_FORMS))).strip()] = None
    return list(found)


def _coined(random: Random) -> list[str]:
    stem = random.choice(_ONSETS) + random.choice(_VOWELS) + random.choice(_MIDDLES)
    return [stem + random.choice(_ENDS)]


def _everyday(random: Random) -> list[str]:
    return random.sample(_EVERYDAY, 2)


def _joined(random: Random) -> list[str]:
    one, other = random.sample(_EVERYDAY, 2)
    return [one + other.lower()]


def _family(random: Random) -> list[str]:
    tail = random.choice((["&", "Sons"], ["&", "Partners"], ["Brothers"], []))
    return [random.choice(_FAMILIES), *tail]
