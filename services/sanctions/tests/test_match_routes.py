"""Names as payments bring them, against lists that write them otherwise."""

import string
from dataclasses import replace

import pytest

from fraud_sanctions.lists.records import ListedIdentifier, ListedName, Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Bands, Screener
from fraud_sanctions.names.analyse import readings
from fraud_sanctions.rescreening.comparison import Rescreening
from fraud_sanctions.settings import Settings

POSSIBLE = float(Settings.model_fields["possible"].default)
MATCH = float(Settings.model_fields["match"].default)
BANDS = Bands(POSSIBLE, MATCH)


class TestFathers:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Igor Kravin", "Igor Vesperovich KRAVIN"),
            ("Игорь Кравин", "Igor Vesperovich KRAVIN"),
            ("Igor Vesperovich Kravin", "KRAVIN, Igor"),
            ("Hasan Ubaidi", "Hasan bin Zoltarin al-Ubaidi"),
        ],
    )
    def test_one_name_may_leave_the_father_out(self, score, query, name):
        assert score(query, name) >= 0.9

    def test_another_father_is_not_left_out(self, score):
        name = "Igor Vesperovich Kravin"
        assert score("Igor Petrovich Kravin", name) < score("Igor Kravin", name) - 0.1


class TestExactNames:
    def test_a_listed_name_is_found_whatever_shares_more_with_it(self, listed):
        letters = string.ascii_lowercase
        many = [f"Omar Omar {a}{b}lov" for a in letters for b in letters[:16]]
        near = [f"Oomar Omari{a}" for a in letters] + [
            f"Omar Omarr{a}" for a in letters
        ]
        screener = Screener(Index([listed(n) for n in ("Omar Omar", *many, *near)]))
        hits = screener.screen(Party("OMAR, Omar"), least=POSSIBLE)
        assert hits[0].name == "Omar Omar"


class TestNumbers:
    @pytest.fixture
    def screener(self, listed):
        imo = ListedIdentifier("vessel registration identification", "9187629")
        ship = replace(listed("Quorvexley Star", kind="vessel"), identifiers=(imo,))
        short = ListedIdentifier("national id", "4711")
        man = replace(listed("Zoltarin Krandalov"), identifiers=(short,))
        return Screener(Index([ship, man]))

    def test_a_renamed_ship_is_found_by_its_number(self, screener):
        number = ListedIdentifier("unspecified", "9187629")
        party = Party("Azure Myrmidon", identifiers=(number,))
        (hit,) = screener.screen(party, least=POSSIBLE)
        assert hit.entity.entity_id == "Quorvexley-Star"
        assert "identifier agrees" in hit.reasons
        assert BANDS.band(hit.score, hit.similarity) == "possible"

    def test_the_same_name_and_number_is_a_match(self, screener):
        number = ListedIdentifier("imo", "9187629")
        party = Party("Quorvexley Star", kind="vessel", identifiers=(number,))
        (hit,) = screener.screen(party, least=POSSIBLE)
        assert BANDS.band(hit.score, hit.similarity) == "match"

    def test_a_short_number_leads_to_nobody(self, screener):
        number = ListedIdentifier("unspecified", "4711")
        assert screener.screen(Party("Anna Smith", identifiers=(number,))) == []

    def test_known_parties_are_found_by_number_when_the_list_changes(self, screener):
        number = ListedIdentifier("unspecified", "9187629")
        party = Party("Azure Myrmidon", identifiers=(number,))
        for changed, found in (("Quorvexley-Star", 1), ("Zoltarin-Krandalov", 0)):
            update = Rescreening(screener, {changed}, least=POSSIBLE)
            assert len(update.hits(party)) == found


class TestWeakAliases:
    @pytest.fixture
    def weak(self, listed):
        entity = listed("Zoltarin Krandalov", births=("1961-04-09",))
        names = (*entity.names, ListedName("Vexley Quimborast", "weak"))
        return replace(entity, names=names)

    def test_they_are_possible_at_most(self, weak):
        screener = Screener(Index([weak]))
        for born in (None, "1961-04-09"):
            party = Party("Vexley Quimborast", birth_date=born)
            (hit,) = screener.screen(party, least=POSSIBLE)
            assert BANDS.band(hit.score, hit.similarity) == "possible"
            assert "weak alias" in hit.reasons

    def test_a_good_name_beside_counts_in_full(self, weak):
        alike = ListedName("Vexley Quimborasto", "alias")
        same = ListedName("QUIMBORAST, Vexley", "alias")
        for other in (alike, same):
            entity = replace(weak, names=(*weak.names, other))
            screener = Screener(Index([entity]))
            (hit,) = screener.screen(Party("Vexley Quimborast"), least=POSSIBLE)
            assert BANDS.band(hit.score, hit.similarity) == "match"


class TestKinds:
    @pytest.mark.parametrize("kind", ["vessel", "aircraft"])
    def test_a_person_called_as_a_ship_is_not_the_ship(self, listed, kind):
        name = "Zoltarina Krandalova"
        screener = Screener(Index([listed(name, kind=kind)]))
        (hit,) = screener.screen(Party(name))
        assert BANDS.band(hit.score, hit.similarity) == "match"
        for party in (Party(name, kind="person"), Party(name, birth_date="1980-02-03")):
            assert screener.screen(party, least=POSSIBLE) == []

    def test_whoever_was_born_is_a_person(self, score):
        name = "Quorvex Myrmidon"
        born = score(name, name, "organisation", birth_date="1980-02-03")
        assert born < score(name, name, "organisation")


class TestShips:
    @pytest.mark.parametrize(
        "prefix", ["M/V", "MV", "M.V.", "mt", "M/T", "MS", "SS", "LNG/C", "Tanker"]
    )
    def test_what_stands_before_a_name_is_not_part_of_it(self, listed, prefix):
        screener = Screener(Index([listed("Zohr", kind="vessel")]))
        (hit,) = screener.screen(Party(f"{prefix} Zohr"), least=POSSIBLE)
        assert BANDS.band(hit.score, hit.similarity) == "match"

    def test_only_ships_have_one(self, listed):
        screener = Screener(Index([listed("Zohr Quimbo", kind="organisation")]))
        (hit,) = screener.screen(Party("Zohr Quimbo"))
        (other,) = screener.screen(Party("MT Zohr Quimbo"))
        assert other.score < hit.score


class TestDisguises:
    @pytest.mark.parametrize(
        "query",
        [
            "Zоltаrin Krаndаlоv",  # most letters of the second are Latin
            "Zоаrе Krаndаlоv",
            "Оаrее Krаndаlоv",
        ],
    )
    def test_letters_that_only_look_latin(self, score, query):
        plain = query.translate(str.maketrans("оаеОА", "oaeOA"))
        assert plain.isascii()
        assert score(query, plain) == score(plain, plain)

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Асаре Zoltarin", "Acape Zoltarin"),  # a whole word of look-alikes
            ("ZоItаrin кrandalov", "Zoitarin Krandalov"),
            ("Zоltаriн Krandaлov", "Zoltarih Krandalov"),
            ("Сахоуаn Vexley", "Caxoyan Vexley"),  # but one letter
            ("Саrdоlin Vехlеу", "Sardolin Vexley"),  # by its sound
        ],
    )
    def test_words_of_two_scripts(self, score, query, name):
        assert score(query, name) >= MATCH

    def test_cyrillic_words_stay_cyrillic(self, score):
        assert score("Роса Корнеева", "Rosa Korneeva") >= MATCH
        assert score("Pоса Корнеева", "Rosa Korneeva") >= MATCH  # one Latin letter


class TestNamesLikeCompanyForms:
    @pytest.mark.parametrize(
        "name",
        [
            "Zoltarin Pao",
            "Nao Krandalov",
            "Asa Krandalov",
            "Vesper Sia Quimbo",
            "Ou Quimborast",
        ],
    )
    def test_a_person_of_unknown_kind_keeps_them(self, score, name):
        assert score(name, name) >= MATCH
        last = max(name.split(), key=len)
        assert score(last, name) < score(name, name)

    def test_a_family_name_that_is_an_article_elsewhere(self, score):
        assert score("An Yong Chol", "AN, Yong Chol") >= MATCH
        assert score("Yong Chol", "AN, Yong Chol") < MATCH
        assert score("Kim Yong Chol", "AN, Yong Chol") < score(
            "Yong Chol", "AN, Yong Chol"
        )
        assert score("Nasr Quimbo", "an-Nasr QUIMBO") >= MATCH

    def test_company_forms_are_none(self):
        assert len(readings("Zarya Metallokomplekt LLC")) == 1
        assert len(readings("Zarya Metallokomplekt GmbH")) == 1


class TestKunyas:
    def test_they_separate_two_people(self, score):
        for name in ("Abu Omar Hasan", "Abou Omar Hasan"):
            assert score(name, name) >= MATCH
            assert score("Omar Hasan", name) < MATCH

    def test_a_father_that_is_named_as_such_on_one_side_only_is_not_the_same(
        self, listed
    ):
        screener = Screener(Index([listed("Omar bin Hasan")]))
        (hit,) = screener.screen(Party("Omar Hasan"), least=POSSIBLE)
        assert BANDS.band(hit.score, hit.similarity) == "possible"
        (hit,) = screener.screen(Party("Omar ibn Hasan"), least=POSSIBLE)
        assert BANDS.band(hit.score, hit.similarity) == "match"


class TestOtherWordsBesideAName:
    @pytest.mark.parametrize(
        "query",
        [
            "Zoltarin Krandalov, Quimborast",
            "Zoltarin Krandalov (deceased)",
            "Payment to Zoltarin Krandalov",
            "Invoice 4711 of Mr Zoltarin Krandalov, Quimborast, Vexleyland",
            "Krandalov Zoltarin Quimborast Branch",
        ],
    )
    def test_the_name_is_found_among_them(self, score, query):
        assert score(query, "Zoltarin Krandalov") >= POSSIBLE
        assert score(query, "Zoltarin Vesperovich Krandalov") >= POSSIBLE

    def test_common_names_are_not(self, score):
        assert score("Ali Hassan Mohamed Smith", "Ali Hassan") < POSSIBLE

    def test_another_family_name_makes_another_person(self, score):
        assert score("Zoltarin Quimborast Vexley", "Zoltarin Krandalov") < POSSIBLE

    def test_whatever_else_shares_words_with_it(self, listed):
        places = [f"Zoltarin Krandalov Quimborast Branch {x}" for x in "abcdefghij"]
        others = [listed(f"{place}ov", kind="organisation") for place in places]
        screener = Screener(Index([listed("Zoltarin Krandalov"), *others]))
        hits = screener.screen(Party("Zoltarin Krandalov Quimborast Branch"))
        (own,) = [hit for hit in hits if hit.name == "Zoltarin Krandalov"]
        assert own.score >= POSSIBLE


class TestHanNames:
    LISTED = "龙岩赤霄电子科技有限公司"

    @pytest.fixture
    def of(self, listed):
        towns = ["杭州", "南京", "成都", "大连", "厦门", "青岛"]
        trades = ["电子科技", "国际贸易", "机械制造", "进出口"]
        others = [f"{a}{b}有限公司" for a in towns for b in trades]
        names = (self.LISTED, *others)
        screener = Screener(Index([listed(n, kind="organisation") for n in names]))
        wanted = self.LISTED.replace(" ", "-")

        def own(query):
            hits = screener.screen(Party(query), least=0.0, most=50)
            own = [h.score for h in hits if h.entity.entity_id == wanted]
            return max(own, default=0.0)

        return own

    @pytest.mark.parametrize(
        "query",
        [
            LISTED,
            "龙岩赤霄电子科技股份有限公司",
            "龙岩赤霄电子科技",
            "Longyan Chixiao Dianzi Keji Youxian Gongsi",
            "龍岩赤霄電子科技有限公司",  # in traditional characters
        ],
    )
    def test_one_company_is_possible(self, of, query):
        assert of(query) >= POSSIBLE

    @pytest.mark.parametrize(
        "query",
        [
            "昆明白鹭电子科技有限公司",
            "龙岩玄武机械制造有限公司",
            "桂林赤峰国际贸易有限公司",
        ],
    )
    def test_another_company_of_the_same_form_or_trade(self, of, query):
        assert of(query) < POSSIBLE


class TestRunTogether:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("ZoltarinbinKrandal", "Zoltarin bin Krandal"),
            ("zoltarinbinkrandal", "Zoltarin bin Vesper bin Krandal"),
            ("ZoltarinalKrandali", "Zoltarin AL-KRANDALY"),
            ("zoltarinalkrandali", "KRANDALI, Zoltarin Vesper"),
            ("ZoltarinKrandal", "Zoltarin bin Krandal"),
        ],
    )
    def test_links_inside_one_word(self, score, query, name):
        assert score(query, name) >= POSSIBLE
