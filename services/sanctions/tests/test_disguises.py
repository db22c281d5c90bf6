"""What the eye does not see, or does not read as a letter, changes no name; nor do letters
set apart, run together or turned round."""

import pytest

from fraud_sanctions.matching.answers import readable
from fraud_sanctions.names.normalise.unicode import clean, written

LISTED = "KRANDALOV, Zoltarin Petrovich"


@pytest.mark.parametrize(
    "query",
    [
        "Zoltarin\u200bKrandalov",
        "Zoltarin\u00adKrandalov",
        "Zol\u034ftarin Kran\u200ddalov",
        "Zoltarin\ufe0f \u2066Krandalov\u2069",
        "Zoltarin\u3164Krandalov",
        "Zoltarin\u2800Krandalov",
        "Zoltarin\U000e0050\U000e0075Krandalov",
        "Z\u0336o\u0336l\u0336t\u0336a\u0336r\u0336i\u0336n Krandalov",
        "Zoltarin Krandalov 🎉",
        "Zoltarin🎉Krandalov",
        "Zolt🎉arin Krandalov",
        "Zoltarin Krandalov™ 🇷🇺",
        "🅩🅞🅛🅣🅐🅡🅘🅝 🅚🅡🅐🅝🅓🅐🅛🅞🅥",
        "𝓩𝓸𝓵𝓽𝓪𝓻𝓲𝓷 𝓚𝓻𝓪𝓷𝓭𝓪𝓵𝓸𝓿",
        "ｚｏｌｔａｒｉｎ　ｋｒａｎｄａｌｏｖ",
        "Ꮓoltarin Ꮶrandalov",
        "ꓜꓳꓡꓔꓮꓣꓲꓠ ꓗꓣꓮꓠꓓꓮꓡꓳꓦ",
        "Zоltаrin Krаndаlоv",
        "~Zoltarin ~Krandalov",
        "Zoltarin|Krandalov",
        "Zolt@rin Krandalov",
        "Zol´tarin Krandalov",
        "\u202evoladnarK niratloZ",
        "ZOLTARINKRANDALOV",
        "KRANDALOVZOLTARIN",
        "Z o l t a r i n  K r a n d a l o v",
        "Z O L T A R I N K R A N D A L O V",
        "Z.O.L.T.A.R.I.N K.R.A.N.D.A.L.O.V",
        "Z-O-L-T-A-R-I-N K-R-A-N-D-A-L-O-V",
        "ZOLTARIN K R A N D A L O V",
        "niratloZ voladnarK",
        "ЗОЛТАРИН КРАНДАЛОВ",
    ],
)
def test_disguised_name_is_found_like_the_plain_one(score, query):
    plain = score("Zoltarin Krandalov", LISTED)
    assert score(query, LISTED) >= min(plain, 0.8) > 0.43


def test_mark_between_words_may_have_been_the_space():
    assert written("Ann\u200bLee") == ["AnnLee", "Ann Lee"]
    assert written("Ann+Lee") == ["Ann Lee", "AnnLee"]
    assert written("Ann Lee") == ["Ann Lee"]


def test_mark_between_all_letters_separates_none():
    assert written("\u200b".join("Ann Lee")) == ["Ann Lee"]


def test_scripts_keep_their_own_marks():
    for name in ("Кий Йосиф", "สมชาย", "देवेन्द्र", "מֹשֶׁה", "ケンジロー", "김철수"):
        assert clean(name) == name


@pytest.mark.parametrize("name", ["🎉", "\u3164\u115f", "\u200b", "--"])
def test_name_of_nothing_that_is_seen_is_unreadable(name):
    assert not readable(name)


def test_words_run_together_come_apart_only_where_both_are_listed(score):
    assert score("ZOLTARINBRANDT", LISTED) < 0.43
