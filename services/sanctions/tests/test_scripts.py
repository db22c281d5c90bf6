"""Names in scripts other than Latin, as they are read."""

import pytest

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.matching.vocabulary import Vocabulary
from fraud_sanctions.names.analyse import readings
from fraud_sanctions.names.normalise.spelling import spell
from fraud_sanctions.names.normalise.transliterate import transliterate


def words_of(text, *, person=None):
    return [name.words for name in readings(text, person=person)]


def score(listed_entity, query):
    hits = Screener(Index([listed_entity])).screen(Party(query))
    return hits[0].score if hits else 0.0


class TestArabicScript:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("محمود", "~mahmud"),
            ("مصطفى", "~mastafa"),
            ("طويل", "~tawil"),
            ("سعيد", "~said"),
            ("زياد", "~zayad"),
            ("إبراهيم", "~ibrahim"),
            ("ايران", "~iran"),
            ("فاطمة", "~fatma"),
        ],
    )
    def test_short_vowels_are_guessed_and_long_ones_kept(self, written, said):
        assert transliterate(written) == said

    def test_two_consonants_side_by_side_are_no_digraph(self):
        assert spell(transliterate("بهداد")).bones == spell("behdad").bones
        assert spell(transliterate("سهيل")).bones == spell("suhayl").bones

    def test_the_article_goes_but_not_what_only_looks_like_it(self):
        assert transliterate("الرحمن للتجارة").split() == ["~rahman", "~tajara"]
        assert transliterate("الله") == "~allah"

    @pytest.mark.parametrize(
        ("native", "latin"),
        [
            ("عبدالرحمن الدرقمي", "Abdul Rahman al-Dirqimi"),
            ("عبد الرحمن الدرقمي", "Abdurrahman Dirqimi"),
            ("صلاح الدين البرزقي", "Salahuddin Barzaqi"),
            ("حبيب الله خندوسي", "Habibullah Khandusi"),
        ],
    )
    def test_compounds_joined_or_apart_are_one_word(self, native, latin):
        (read,), (asked,) = words_of(native, person=True)[:1], words_of(latin)[-1:]
        assert [spell(w).abjad for w in read] == [spell(w).abjad for w in asked]

    def test_letters_that_persian_says_otherwise_are_read_both_ways(self):
        assert words_of("رضا ذاکری", person=True) == [
            ("~rada", "~dhakri"),
            ("~raza", "~zakri"),
        ]
        assert len(words_of("حسن کرمانی", person=True)) == 1

    def test_a_persian_name_is_found_though_only_its_consonants_are_sure(self, listed):
        entity = listed("Reza Khosropanahi Zakerpour", kind="person")
        assert score(entity, "رضا خسروپناهی ذاکرپور") > 0.85

    def test_of_two_words_with_its_consonants_the_one_with_its_vowels_is_nearer(self):
        alike = Vocabulary({"darvun": 1, "dervan": 1}, 2).similar("~darvun").by_id
        assert alike[0] > alike[1] > 0.8

    def test_company_forms_are_set_apart(self):
        (name,) = readings("شرکت درودی با مسئولیت محدود", person=False)
        assert set(name.forms) == {"inc", "llc"}
        assert len(name.words) == 1


class TestHebrewAndThai:
    def test_short_vowels_are_guessed(self):
        assert transliterate("גלבשטרן") == "~galbashtaran"
        assert transliterate("สมชาย") == "~samchay"

    def test_waw_in_a_short_word_is_a_consonant(self):
        assert spell(transliterate("דוד")).bones == spell("david").bones


class TestGreek:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("Παπαδόπουλος", "papadopoulos"),
            ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "papadopoulos"),
            ("Ευάγγελος", "evangelos"),
            ("Ευτύχιος", "eftychios"),
            ("Μπάμπης", "bampis"),
            ("Ντίνος", "dinos"),
            ("Γκίκας", "gikas"),
            ("Μαΐου", "maiou"),
        ],
    )
    def test_letters_of_one_sound_are_read_together(self, written, said):
        assert transliterate(written) == said


class TestKana:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("サトウ", "sato"),
            ("ショウイチ", "shoichi"),
            ("しょうこう", "shoko"),
            ("イノウエ", "inoue"),
            ("フィリップ", "firipu"),
            ("ジェームス", "jemusu"),
            ("ウィリアム", "wiriamu"),
            ("キュウシュウ", "kyushu"),
        ],
    )
    def test_small_letters_and_long_vowels(self, written, said):
        assert transliterate(written) == said


class TestIndianScripts:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("मोहम्मद", "mohammad"),
            ("महमूद", "mahmud"),
            ("राजनाथ सिंह", "rajnath singh"),
            ("अमरनाथ", "amarnath"),
            ("करण", "karan"),
            ("चंद्र", "chandra"),
            ("हेमंत", "hemant"),
            ("मुंबई", "mumbai"),
            ("कृष्ण", "krishna"),
            ("हाफ़िज़", "hafiz"),
            ("শেখ হাসান", "shekh hasan"),
            ("ৰমেন", "ramen"),
            ("ਮਨਦੀਪ ਸਿੰਘ", "mandip singh"),
            ("મોહનદાસ", "mohandas"),
            ("நடராஜன்", "natarajan"),
            ("నరేంద్ర", "narendra"),
            ("വിജയൻ", "vijayan"),
        ],
    )
    def test_the_short_a_is_read_where_it_is_not_written(self, written, said):
        assert transliterate(written) == said

    @pytest.mark.parametrize(
        ("latin", "native"),
        [
            ("Hafiz Mohammad Qurzandi", "हाफ़िज़ मोहम्मद क़ुरज़ंदी"),
            ("Narendra Chandra Bhomrik", "নরেন্দ্র চন্দ্র ভোমরিক"),
            ("Velanpillai Tirumadharan", "வேலன்பிள்ளை திருமதரன்"),
        ],
    )
    def test_a_listed_name_is_found_by_its_own_writing(self, listed, latin, native):
        assert score(listed(latin, kind="person"), native) > 0.85


class TestKorean:
    def test_l_at_the_beginning_of_a_syllable_is_written_r(self, listed):
        assert transliterate("최룡필").split() == ["choe", "ryong", "pil"]
        assert score(listed("Choe Ryong Pil", kind="person"), "최룡필") > 0.85


class TestWordsWithoutSpaces:
    def test_what_a_chinese_company_does_is_put_into_english(self):
        (name,) = readings("深圳市友邦国际物流有限公司", person=False)
        assert name.words == (
            *("shen", "zhen", "you", "bang"),
            *("international", "logistics"),
        )
        assert name.forms == ("ltd",)

    def test_traditional_characters_are_read_alike(self):
        one, other = readings("友邦國際貿易有限公司"), readings("友邦国际贸易有限公司")
        assert one[0].words == other[0].words

    def test_the_same_characters_in_a_persons_name_stay_its_own(self):
        assert words_of("王海运") == [("wang", "hai", "yun")]

    def test_korean_and_thai_companies(self):
        assert words_of("조선남강무역회사", person=False) == [
            ("korea", "nam", "kang", "trading")
        ]
        (name,) = readings("บริษัท มาลี จำกัด", person=False)
        assert set(name.forms) == {"inc", "ltd"}

    def test_a_chinese_company_is_found_by_its_english_name(self, listed):
        entity = listed(
            "Shenzhen Youbang Weirong International Logistics Co., Ltd.",
            kind="organisation",
        )
        assert score(entity, "深圳友邦伟荣国际物流有限公司") > 0.85
