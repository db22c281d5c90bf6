"""What clients of yente send to `/match`: all of it counts, or is refused by name."""

import pytest

from fraud_sanctions.api.match_query import parse_queries
from fraud_sanctions.app import create_app
from fraud_sanctions.lists.sources.fields import country_code
from fraud_sanctions.settings import Settings
from fraud_shared.contracts.iso import COUNTRY_TABLE
from fraud_shared.contracts.matching import MatchRequest
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client

LISTED = "Bohumira Telchanska"


@pytest.fixture
def match(http):
    """Posts one query: `match({"name": [...]}, schema="Person", limit=3)`."""

    async def post(properties, schema="Person", **parameters):
        query = {"schema": schema, "properties": properties}
        body = {"queries": {"q": query}}
        return await http.post("/match/default", params=parameters, json=body)

    return post


def results(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()["responses"]["q"]["results"]


def names(properties, schema="Person"):
    query = {"schema": schema, "properties": properties}
    request = MatchRequest.model_validate({"queries": {"q": query}})
    return parse_queries(request)["q"].names


class TestNames:
    @pytest.mark.parametrize(
        "properties",
        [
            {"firstName": ["Bohumira"], "lastName": ["Telchanska"]},
            {"firstName": "Bohumira", "middleName": None, "lastName": "Telchanska"},
            {"name": ["Jane Smith"], "firstName": ["Bohumira"], "lastName": [LISTED]},
            {"name": ["🙂", LISTED]},
            {"name": [f"Jane Smith {n}" for n in range(30)], "alias": [LISTED]},
        ],
    )
    async def test_every_name_is_compared(self, match, properties):
        found = results(await match(properties))
        assert "fictional-FP-0002" in [one["id"] for one in found]

    def test_parts_are_combined_in_every_way(self):
        parts = {
            "lastName": ["Ost", "Oster"],
            "firstName": ["Ann"],
            "fatherName": ["Ivanovna"],
        }
        assert names(parts) == ["Ann Ivanovna Ost", "Ann Ivanovna Oster"]
        assert names({"lastName": ["Ost"]}) == ["Ost"]

    def test_one_name_written_twice_is_compared_once(self):
        twice = {"name": ["Ann Ost"], "firstName": ["ANN"], "lastName": ["Ost"]}
        assert names(twice) == ["ANN Ost"]

    @pytest.mark.parametrize(
        "properties",
        [{}, {"name": []}, {"name": ["🙂"]}, {"name": "\x00"}, {"birthDate": "1982"}],
    )
    async def test_without_a_name_nobody_is_clear(self, match, properties):
        reply = await match(properties)
        assert reply.status_code == 422
        errors = [error["field"] for error in reply.json()["errors"]]
        assert errors == ["queries.q.properties.name"]

    @pytest.mark.parametrize(
        "properties",
        [
            {"name": ["a b"] * 26, "alias": ["c d"] * 26},
            {"firstName": ["a"] * 10, "lastName": ["b"] * 10},
            {"firstName": ["a" * 300], "lastName": ["b" * 300]},
        ],
    )
    async def test_too_many_or_too_long_names_are_refused(self, match, properties):
        reply = await match(properties)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "queries.q.properties"

    async def test_so_are_too_many_in_all(self, http):
        query = {"properties": {"name": [f"Jane Smith {n}" for n in range(40)]}}
        body = {"queries": {f"q{n}": query for n in range(26)}}
        reply = await http.post("/match/default", json=body)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "queries"


class TestFacts:
    @pytest.mark.parametrize(
        "places",
        [
            {"nationality": ["us", "cz"]},
            {"nationality": "us", "country": ["CZE"]},
            {"citizenship": ["Czechia"]},
            {"jurisdiction": ["cz-10"]},
        ],
    )
    async def test_every_country_counts_however_it_is_written(self, match, places):
        (other,) = results(await match({"name": [LISTED], "country": ["us"]}))
        (same,) = results(await match({"name": [LISTED], **places}))
        assert same["score"] > other["score"]
        assert "country agrees" in same["explanations"]["name"]["detail"]

    async def test_every_birth_date_counts(self, match):
        births = {"birthDate": ["1955-07-01", "1982-02-12"]}
        (found,) = results(await match({"name": [LISTED], **births}))
        assert "birth date agrees" in found["explanations"]["name"]["detail"]

    def test_each_country_has_one_code_of_three_letters(self):
        for country in COUNTRY_TABLE:
            for code in (country.alpha_2, country.alpha_3, country.numeric):
                assert country_code(code.lower()) == (country.alpha_2 if code else None)


class TestRefusals:
    async def test_an_unknown_schema_is_named_and_not_repeated(self, match):
        reply = await match({"name": [LISTED]}, schema="Wallet")
        assert reply.status_code == 422
        (error,) = reply.json()["errors"]
        assert error["field"] == "queries.q.schema"
        assert "Person" in error["problem"]
        assert "Wallet" not in reply.text

    @pytest.mark.parametrize(
        "parameters",
        [
            {"include_dataset": "nowhere"},
            {"include_dataset": ["fictional", "nowhere"]},
            {"exclude_dataset": ["fictional", "fictional_un", "fictional_ofac"]},
            {"limit": 501},
            {"limit": 0},
        ],
    )
    async def test_parameters_that_find_nobody_are_refused(self, match, parameters):
        reply = await match({"name": [LISTED]}, **parameters)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == f"query.{next(iter(parameters))}"

    @pytest.mark.parametrize(
        ("value", "field"),
        [
            ({"a": 1}, "name.0"),
            (["x", ["y"]], "name.1"),
            ("x" * 513, "name.0"),
            (["x" * 513], "name.0"),
            (["x"] * 51, "name"),
        ],
    )
    async def test_a_wrong_value_is_named_by_its_place(self, match, value, field):
        reply = await match({"name": value})
        assert reply.status_code == 422
        (error,) = reply.json()["errors"]
        assert error["field"] == f"queries.q.properties.{field}"


class TestParameters:
    async def test_the_limit_may_be_as_high_as_yentes(self, match):
        reply = await match({"name": [LISTED]}, limit=500)
        assert reply.json()["limit"] == 500
        assert (await match({"name": [LISTED]})).json()["limit"] == 5

    async def test_who_is_not_wanted_takes_nobodys_place(self, tmp_path):
        # 60 of one name on one list, and one on the other that shares it in part.
        header = "id,name,type,aliases,birth_date,countries"
        rows = [f"{n},Quandrilo Vexwhistle,person,,," for n in range(60)]
        (tmp_path / "many.csv").write_text("\n".join((header, *rows)) + "\n")
        one = f"{header}\n1,Quandrila Vexwhistle Gruvelost,person,,,\n"
        (tmp_path / "one.csv").write_text(one)
        settings = Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0, lists=tmp_path)
        query = {"schema": "Person", "properties": {"name": "Quandrilo Vexwhistle"}}
        async with client(create_app(settings)) as http:
            reply = await http.post("/match/one", json={"queries": {"q": query}})
        assert [found["datasets"] for found in results(reply)] == [["one"]]
