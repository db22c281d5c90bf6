"""Names that must not decline a payment, and such as must not be passed over."""

from dataclasses import replace

import pytest

from fraud_sanctions.lists.records import ListedIdentifier, Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Bands, Screener

BANDS = Bands(0.43, 0.95)


@pytest.fixture(scope="module")
def band(listed):
    def of(query, name, kind="person", party_kind=None):
        screener = Screener(Index([listed(name, kind=kind, key="it")]))
        hits = screener.screen(Party(query, kind=party_kind), least=0.0)
        return BANDS.band(hits[0].score, hits[0].similarity) if hits else "clear"

    return of


class TestNoMatch:
    @pytest.mark.parametrize(
        "surname", str.split("Lê De Da Van Ben Bin Do An Sá Co Das Du La E")
    )
    @pytest.mark.parametrize("party_kind", [None, "person"])
    def test_particle_without_a_name_is_a_surname(self, band, surname, party_kind):
        assert band(f"Zoltarin {surname}", "Zoltarin", "person", party_kind) != "match"

    @pytest.mark.parametrize("surname", ["Lê", "De", "Van", "Da"])
    def test_particle_before_the_only_name_is_a_surname(self, band, surname):
        assert band(f"{surname} Zoltarin", "Zoltarin") != "match"

    def test_particle_inside_a_name_is_none(self, band):
        assert band("Zoltarin Krandalov", "Zoltarin van Krandalov") == "match"

    def test_company_form_is_not_set_apart_from_a_persons_name(self, band):
        assert band("Zoltarin Co", "Zoltarin") != "match"
        assert band("Zoltarin Co", "Zoltarin", "organisation") == "match"

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Kim Su Chol", "Kim Chol Su"),
            ("김수철", "김철수"),
            ("Wang Ming Xiao", "Wang Xiao Ming"),
        ],
    )
    def test_syllables_exchanged_are_another_given_name(self, band, query, name):
        assert band(query, name) == "possible"

    def test_syllables_exchanged_in_another_script_are_no_match(self, band):
        assert band("Kim Su Chol", "김철수") != "match"

    def test_family_name_at_the_other_end_is_the_same_name(self, band):
        assert band("Chol Su Kim", "Kim Chol Su") == "match"

    def test_romanised_namesake_is_looked_at_by_a_person(self, band):
        assert band("박명식호", "Pak Myong Sik Ho") == "possible"

    @pytest.mark.parametrize("other", ["Li", "Haqq", "Omar", "Wu", "Das"])
    def test_other_short_word_is_not_hidden_by_long_ones(self, band, other):
        name = "Konstantin Alexandrovsky Yu"
        assert band(f"Konstantin Alexandrovsky {other}", name) != "match"

    @pytest.mark.parametrize("extra", ["Wu", "Sen", "Das"])
    def test_surname_behind_a_listed_name_is_looked_at(self, band, extra):
        assert band(f"Zoltarin Krandalov {extra}", "Zoltarin Krandalov") == "possible"

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Golden Trading Ltd", "Golden Star Trading Company"),
            ("Blue Aviation", "Blue Sky Aviation FZE"),
            ("Nova Investments", "Sky Nova Investment"),
        ],
    )
    def test_words_of_every_company_are_no_evidence(self, band, query, name):
        assert band(query, name, "organisation") == "clear"


class TestFound:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Omar ALKRUSTOM", "Omar AL-KRUSTOM"),
            ("Omar Krustom", "Omar ALKRUSTOM"),
            ("Omar ANNASIRI", "Omar al-Nasiri"),
            ("GRIN Victor", "GRIN, Viktor"),
            ("Kuznetsof Viktor", "KUZNETSOV, Victor"),
            ("Haji Krandal", "Hajji Krandal"),
            ("Mao Tse-tung", "MAO, Zedong"),
            ("Ts'ai Ying-wen", "CAI, Yingwen"),
            ("Liu Pao-Hsia", "LIU, Baoxia"),
            ("محمدعلي حسن", "محمد علي حسن"),
            ("Ould Salem Ahmed", "Ahmed Ould Salem"),
            ("OULD SALEM, Ahmed", "Ahmed Ould Salem"),
        ],
    )
    def test_other_way_of_writing_a_person_is_possible_at_least(
        self, band, query, name
    ):
        assert band(query, name) != "clear"

    def test_article_glued_on_is_the_same_name(self, band):
        assert band("Omar ALKRUSTOM", "Omar AL-KRUSTOM") == "match"

    @pytest.mark.parametrize("typo", ["Tradng", "Trdaing", "Tradinq", "Tradding"])
    def test_slip_in_a_generic_word_keeps_the_company(self, band, typo):
        assert band(f"Zarkov {typo} Ltd", "Zarkov Trading Ltd", "organisation") == (
            "match"
        )


class TestNumberAlone:
    def test_account_without_a_name_leads_to_its_bearer(self, listed):
        iban = ListedIdentifier("iban", "TR330006100519786457841326")
        entity = replace(listed("Zoltarin Krandalov", key="it"), identifiers=(iban,))
        screener = Screener(Index([entity]))
        [hit] = screener.screen(Party("", identifiers=(iban,)), least=0.43)
        assert BANDS.band(hit.score, hit.similarity) == "possible"
        assert hit.reasons[-1] == "identifier agrees"
        other = ListedIdentifier("unspecified", "DE89370400440532013000")
        assert screener.screen(Party("", identifiers=(other,)), least=0.43) == []
