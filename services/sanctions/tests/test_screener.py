import pytest

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Bands, Screener

POSSIBLE = 0.6


class TestPersons:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Zoltarin Krandalov", "KRANDALOV, Zoltarin"),
            ("Krandalov Zoltarin", "Zoltarin Krandalov"),
            ("Золтарин Крандалов", "Zoltarin Krandalov"),
            ("Zoltarin Krandaloff", "Zoltarin Krandalov"),
            ("Zoltrain Krandalov", "Zoltarin Krandalov"),
            ("Mr. Zoltarin Krandalov", "Zoltarin Krandalov"),
            ("Abdel Rahman Dhurqamani", "Abdurrahman Durkamani"),
            ("Zolta rin Krandalov", "Zoltarin Krandalov"),
            ("ZoltarinKrandalov", "Zoltarin Krandalov"),
            ("Z\u200boltarin Krandal\u043ev", "Zoltarin Krandalov"),
            ("عبد الوهاب الذرقماني", "Abd al-Wahhab al-Dhurqamani"),
            ("William Quorvexley", "Bill Quorvexley"),
        ],
    )
    def test_the_same_person_however_written(self, score, query, name):
        assert score(query, name) >= POSSIBLE

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Anna Krandalov", "Zoltarin Krandalov"),
            ("Zoltarin Smith", "Zoltarin Krandalov"),
            ("Ali Hassan", "Hassan Mahmoud Ali Barazghani"),
            ("John Smith", "Johann Schmidt-Krandalov"),
        ],
    )
    def test_someone_else_is_below_possible(self, score, query, name):
        assert score(query, name) < POSSIBLE

    def test_father_and_son_are_two_people(self, score):
        same = score("Ahmad bin Hasan al-Ubaidi", "AHMAD BIN HASAN AL-UBAIDI")
        other = score("Hasan bin Ahmad al-Ubaidi", "AHMAD BIN HASAN AL-UBAIDI")
        assert same >= 0.9
        assert other < POSSIBLE

    def test_a_rare_name_proves_more_than_a_common_one(self, score):
        rare = score("Zoltarin Krandaloff", "Zoltarin Krandalov")
        common = score("Maria Garsia", "Maria Garcia")
        assert rare > common

    def test_birth_date_decides_between_namesakes(self, listed):
        screener = Screener(
            Index(
                [
                    listed("Omar Barazghani", key="old", births=("1950",)),
                    listed("Omar Barazghani", key="young", births=("1991",)),
                ]
            )
        )
        hits = screener.screen(Party("Omar Barazghani", birth_date="1991-02-03"))
        assert [hit.entity.entity_id for hit in hits] == ["young", "old"]
        assert hits[0].score > 0.9 > hits[1].score


class TestOrganisations:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("OOO Zarya-Metallokomplekt", "Zarya Metallokomplekt LLC"),
            ("ООО «Заря-Металлокомплект»", "Zarya Metallokomplekt LLC"),
            ("Metallokomplekt Zarya", "Zarya Metallokomplekt"),
            ("Skyzone Quorvex Trading", "Sky Zone Quorvex Trading FZE"),
            ("Scientific Production Association Kvarts",
             "Nauchno-Proizvodstvennoe Obedinenie Kvarts"),
            ("Harbor Myrmidon Trust II", "Harbor Myrmidon Trust 2"),
        ],
    )  # fmt: skip
    def test_the_same_organisation(self, score, query, name):
        assert score(query, name, kind="organisation") >= POSSIBLE

    def test_numbers_are_identity(self, score):
        name = "Harbor Myrmidon Capital Partners II"
        assert score("Harbor Myrmidon Capital Partners 2", name, "organisation") >= 0.9
        assert score("Harbor Myrmidon Capital Partners III", name, "organisation") < 0.6


class TestReasons:
    def test_they_say_which_word_met_which(self, listed):
        screener = Screener(Index([listed("Zoltarin Vesper Krandalov")]))
        (hit,) = screener.screen(Party("Zoltarin Krandaloff", birth_date="1960-01-01"))
        assert any(
            reason.startswith("krandaloff = krandalov: alike") for reason in hit.reasons
        )
        assert "only on the list: vesper" in hit.reasons

    def test_nothing_without_letters_is_found(self, listed):
        screener = Screener(Index([listed("Zoltarin Krandalov")]))
        assert screener.screen(Party("🙂🙂")) == []

    def test_an_empty_index_answers(self):
        assert Screener(Index([])).screen(Party("Anyone")) == []


class TestBands:
    def test_they_are_half_open(self):
        bands = Bands(possible=0.6, match=0.9)
        assert [bands.band(x) for x in (0.59, 0.6, 0.89, 0.9)] == [
            "clear",
            "possible",
            "possible",
            "match",
        ]
