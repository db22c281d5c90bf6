"""Invented bearers of names in many cultures, with their own script where it has one.

Given names are in common use, family names are built of syllables: nobody is meant.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["person", "organisation", "vessel"]


@dataclass(frozen=True)
class Bearer:
    """One fictional bearer.

    `parts`: the words of the name in Latin letters, in order; `father`: position of the
    father's name, if the culture has one; `native`: the same name in its own script;
    `form`: the legal form; `given`: position of the own name.
    """

    kind: Kind
    culture: str
    parts: tuple[str, ...]
    given: int = 0
    father: int | None = None
    native: str = ""
    form: str = ""

    @property
    def text(self) -> str:
        """The name as first written, with its legal form."""
        return " ".join((*self.parts, self.form)).strip()


_ONSETS = str.split(
    "Br Dar Fel Gor Hal Jor Kav Kel Lor Mar Mel Nar Or Pel Quor Rad Sel Tar Tor Vel Vor Yar Zel"
)
_MIDDLES = str.split(
    "a ano avi e edo eli i ibo imar o obo ondar u umir ast erk ill omb"
)
_WESTERN_ENDS = str.split(
    "berg dale field ford graves holt ley man mont ridge shaw stead sworth ton wick"
)
_GIVEN_WESTERN = str.split(
    "William Robert Richard James John Joseph Michael Alexander Charles Thomas Edward Henry Elizabeth Margaret Katherine Anthony Nicholas Peter Andrew Daniel Samuel Martin Laura Helen Clara Oscar"
)
_GIVEN_SLAVIC = str.split(
    "Artyom Boris Dmitry Evgeny Fyodor Gennady Igor Konstantin Leonid Maksim Nikolai Oleg Pavel Roman Sergei Timofei Vadim Vladimir Yuri Zakhar"
)
_SLAVIC_STEMS = str.split(
    "Brandal Dolgar Gremush Kazhod Kord Krandal Lubesh Morzhan Nadezhk Ostrag Pelish Ruzhen Shelest Tarkh Ulesh Vorzhenk Yelnik Zharov"
)
_ARABIC = {
    "Ahmad": "أحمد", "Hasan": "حسن", "Khalid": "خالد", "Mahmud": "محمود", "Mustafa": "مصطفى",
    "Nasir": "ناصر", "Omar": "عمر", "Rashid": "راشد", "Salim": "سالم", "Tariq": "طارق",
    "Yusuf": "يوسف", "Ibrahim": "إبراهيم", "Jamal": "جمال", "Faisal": "فيصل", "Karim": "كريم",
    "Bilal": "بلال", "Hamza": "حمزة", "Ziyad": "زياد",
}  # fmt: skip
_NISBAS = {
    "al-Dhurqami": "الذرقمي", "al-Shamruni": "الشمروني", "al-Quzbari": "القزبري",
    "al-Tarfusi": "الطرفوسي", "al-Ghamdari": "الغمداري", "al-Barzaqi": "البرزقي",
    "al-Masrubi": "المسروبي", "al-Khandusi": "الخندوسي", "al-Jarmuzi": "الجرموزي",
    "al-Ruhaidani": "الرهيداني", "al-Sabbuqi": "السبوقي", "al-Wadfani": "الودفاني",
}  # fmt: skip
_KOREAN_FAMILY = {"Kim": "김", "Pak": "박", "Ri": "리", "Choe": "최", "Chong": "정", "Kang": "강", "Yun": "윤", "Han": "한"}  # fmt: skip
_KOREAN = {"Song": "성", "Chol": "철", "Yong": "영", "Ho": "호", "Myong": "명", "Sik": "식", "Kwang": "광", "Su": "수", "Il": "일", "Nam": "남", "Hyok": "혁", "Min": "민"}  # fmt: skip
_HAN_FAMILY = {"Zhang": "张", "Wang": "王", "Li": "李", "Zhao": "赵", "Xu": "徐", "Sun": "孙", "Qian": "钱", "Zhou": "周", "Gao": "高", "Huang": "黄"}  # fmt: skip
_HAN = {"wei": "伟", "guo": "国", "ming": "明", "xiao": "晓", "zhi": "志", "jian": "建", "dong": "东", "qing": "青", "hai": "海", "ping": "平", "rong": "荣", "hua": "华"}  # fmt: skip
_HEBREW = {"David": "דוד", "Moshe": "משה", "Yosef": "יוסף", "Shimon": "שמעון", "Natan": "נתן", "Rivka": "רבקה", "Miriam": "מרים", "Daniel": "דניאל"}  # fmt: skip
_HEBREW_FAMILY = {"Gelbstern": "גלבשטרן", "Tabrozki": "טברוצקי", "Marshulam": "מרשולם", "Karmelan": "כרמלן", "Peltsman": "פלצמן", "Zilbrod": "זילברוד"}  # fmt: skip
_GREEK = {"Nikolaos": "Νικόλαος", "Georgios": "Γεώργιος", "Dimitrios": "Δημήτριος", "Eleni": "Ελένη", "Spyridon": "Σπυρίδων", "Alexandros": "Αλέξανδρος"}  # fmt: skip
_GREEK_FAMILY = {"Karvounaris": "Καρβουνάρης", "Mastrogalos": "Μαστρόγαλος", "Pelidoros": "Πελίδωρος", "Stamatellis": "Σταματέλλης", "Drakontis": "Δρακόντης"}  # fmt: skip
_THAI = {"Somchai": "สมชาย", "Anong": "อนงค์", "Kittisak": "กิตติศักดิ์", "Malee": "มาลี", "Prasert": "ประเสริฐ", "Suda": "สุดา"}  # fmt: skip
_THAI_FAMILY = {"Thongdara": "ทองดารา", "Saelim": "แซ่ลิ้ม", "Charoenporn": "เจริญพร", "Rattanakul": "รัตนกุล", "Manirat": "มณีรัตน์"}  # fmt: skip
_KATAKANA = {"Kenji": "ケンジ", "Hiroshi": "ヒロシ", "Takeshi": "タケシ", "Yumiko": "ユミコ", "Naoki": "ナオキ", "Haruka": "ハルカ"}  # fmt: skip
_KATAKANA_FAMILY = {"Moritaka": "モリタカ", "Kurosawa": "クロサワ", "Ishimori": "イシモリ", "Takanawa": "タカナワ", "Nomikura": "ノミクラ", "Hatakeda": "ハタケダ"}  # fmt: skip
_CYRILLIC = (
    ("shch", "щ"), ("yo", "ё"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"),
    ("yu", "ю"), ("ya", "я"), ("ye", "е"), ("a", "а"), ("b", "б"), ("v", "в"), ("g", "г"),
    ("d", "д"), ("e", "е"), ("z", "з"), ("i", "и"), ("y", "й"), ("k", "к"), ("l", "л"),
    ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("r", "р"), ("s", "с"), ("t", "т"),
    ("u", "у"), ("f", "ф"), ("h", "х"),
)  # fmt: skip
_BRANDS = str.split(
    "Zarkov Meridal Ostravel Quintor Belmara Novatris Harzeno Kaspir Talvora Rudmar Serafon Volganex Ambrastar Gulforia Pelagon Montarix Delvaro Zenitar Orvikon Sabalan"
)
_TRADES = str.split(
    "Trading|Shipping|Mining|Construction|Petroleum|Electronics|Aviation|Agriculture|Insurance|Logistics|Chemicals|Textiles",
    "|",
)
_FORMS = str.split("LLC|Ltd|JSC|GmbH|Inc|SARL|OOO|Co., Ltd.", "|")
_SHIPS = str.split("Star Pearl Horizon Voyager Breeze Falcon Dawn Spirit Glory Tide")


def cyrillic(text: str) -> str:
    """A romanised Russian name in Cyrillic letters."""
    text = text.lower()
    for latin, letter in _CYRILLIC:
        text = text.replace(latin, letter)
    return text.title()


def _family(random: Random, ends: list[str]) -> str:
    return random.choice(_ONSETS) + random.choice(_MIDDLES) + random.choice(ends)


def _tabled(
    culture: str, random: Random, given: dict[str, str], family: dict[str, str]
) -> Bearer:
    one, other = random.choice(list(given)), random.choice(list(family))
    native = f"{given[one]} {family[other]}"
    return Bearer("person", culture, (one, other), native=native)


def _slavic(random: Random) -> Bearer:
    given, father = random.sample(_GIVEN_SLAVIC, 2)
    patronymic = f"{father.rstrip('ieya')}ovich"
    parts = (
        given,
        patronymic,
        random.choice(_SLAVIC_STEMS) + random.choice(("ov", "in", "enko", "sky")),
    )
    return Bearer(
        "person", "cyrillic", parts, father=1, native=cyrillic(" ".join(parts))
    )


def _arabic(random: Random) -> Bearer:
    own, father = random.sample(list(_ARABIC), 2)
    nisba = random.choice(list(_NISBAS))
    native = f"{_ARABIC[own]} بن {_ARABIC[father]} {_NISBAS[nisba]}"
    return Bearer(
        "person", "arabic", (own, "bin", father, nisba), father=2, native=native
    )


def _korean(random: Random) -> Bearer:
    family = random.choice(list(_KOREAN_FAMILY))
    one, two = random.sample(list(_KOREAN), 2)
    native = _KOREAN_FAMILY[family] + _KOREAN[one] + _KOREAN[two]
    return Bearer("person", "hangul", (family, one, two), given=2, native=native)


def _chinese(random: Random) -> Bearer:
    family = random.choice(list(_HAN_FAMILY))
    one, two = random.sample(list(_HAN), 2)
    native = _HAN_FAMILY[family] + _HAN[one] + _HAN[two]
    return Bearer(
        "person", "han", (family, (one + two).title()), given=1, native=native
    )


def _western(random: Random) -> Bearer:
    own, middle = random.sample(_GIVEN_WESTERN, 2)
    return Bearer("person", "latin", (own, middle, _family(random, _WESTERN_ENDS)))


def _company(random: Random) -> Bearer:
    parts = (
        random.choice(_BRANDS),
        _family(random, ["", "a", "is"]),
        random.choice(_TRADES),
    )
    return Bearer("organisation", "latin", parts, form=random.choice(_FORMS))


def _fund(random: Random) -> Bearer:
    parts = (
        random.choice(_BRANDS),
        _family(random, ["", "or"]),
        "Fund",
        str(random.randint(2, 19)),
    )
    return Bearer("organisation", "series", parts)


def _vessel(random: Random) -> Bearer:
    parts = (random.choice(_BRANDS), random.choice(_SHIPS), str(random.randint(2, 9)))
    return Bearer("vessel", "series", parts)


def bearer(random: Random) -> Bearer:
    """One bearer of a culture drawn at random."""
    makers = (
        _western, _western, _slavic, _slavic, _arabic, _arabic, _korean, _chinese, _company,
        _company, _fund, _vessel,
        lambda r: _tabled("hebrew", r, _HEBREW, _HEBREW_FAMILY),
        lambda r: _tabled("greek", r, _GREEK, _GREEK_FAMILY),
        lambda r: _tabled("thai", r, _THAI, _THAI_FAMILY),
        lambda r: _tabled("kana", r, _KATAKANA, _KATAKANA_FAMILY),
    )  # fmt: skip
    return random.choice(makers)(random)


def another(own: str, like: Bearer, random: Random) -> str:
    """A name of the same culture that is not `own`, to stand where an own name stands."""
    pools = {
        "latin": _GIVEN_WESTERN, "cyrillic": _GIVEN_SLAVIC, "arabic": list(_ARABIC),
        "hangul": list(_KOREAN), "han": ["".join(random.sample(list(_HAN), 2)).title()],
        "hebrew": list(_HEBREW), "greek": list(_GREEK), "thai": list(_THAI),
        "kana": list(_KATAKANA),
    }  # fmt: skip
    return random.choice([name for name in pools[like.culture] if name != own])


def another_family(like: Bearer, random: Random) -> str:
    """A family name of the same culture."""
    pools = {
        "cyrillic": [s + "ov" for s in _SLAVIC_STEMS], "arabic": list(_NISBAS),
        "hebrew": list(_HEBREW_FAMILY), "greek": list(_GREEK_FAMILY),
        "thai": list(_THAI_FAMILY), "kana": list(_KATAKANA_FAMILY),
    }  # fmt: skip
    pool = pools.get(like.culture) or [_family(random, _WESTERN_ENDS)]
    return random.choice([name for name in pool if name != like.parts[-1]])


def another_brand(own: str, random: Random) -> str:
    """A brand that is not `own`."""
    return random.choice([brand for brand in _BRANDS if brand != own])


def another_trade(own: str, random: Random) -> str:
    """A line of business that is not `own`."""
    return random.choice([trade for trade in _TRADES if trade != own])
