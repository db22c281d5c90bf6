"""Draft, shadow, live: two people, on both databases."""

import pytest
import sqlalchemy as sa

from fraud_rules import tables
from fraud_shared.contracts.signal import RulesRequest
from fraud_shared.testing.asgi import client
from fraud_shared.testing.factories import make_transaction

WHY = {"why": "the backtest holds"}


def second(ruleset, threshold=50_000):
    """The next version: R-001@2 flags over another amount."""
    text = ruleset.replace("version: 1\nrules", "version: 2\nrules")
    text = text.replace("100000", str(threshold))
    return text.replace("R-001\n    version: 1", "R-001\n    version: 2")


@pytest.fixture
def app(make_app, sql_url, sql_schema):
    return make_app(sql_url, sql_schema)


@pytest.fixture
def evaluate(make_features):
    async def said(http, amount_minor=60_000):
        request = RulesRequest(
            transaction=make_transaction(amount_minor=amount_minor),
            features=make_features(),
        )
        return (await http.post("/evaluate", content=request.model_dump_json())).json()

    return said


class TestPromotion:
    async def test_takes_two_people(self, app, person, ruleset, evaluate):
        anna, ben = person("anna"), person("ben")
        draft = {"text": second(ruleset), "why": "smaller sums"}
        async with client(app) as http:
            made = await http.post("/v1/rulesets", json=draft, headers=anna)
            assert (made.status_code, made.json()["state"]) == (201, "draft")
            asked = await http.post("/v1/rulesets/2/promote", json=WHY, headers=anna)
            assert (asked.status_code, asked.json()["outcome"]) == (202, "asked")
            again = await http.post("/v1/rulesets/2/promote", json=WHY, headers=anna)
            assert again.status_code == 409
            assert again.json()["type"].endswith("second-person-required")
            assert (await evaluate(http))["rules_flag"] == "ALLOW"
            done = await http.post("/v1/rulesets/2/promote", json=WHY, headers=ben)
            assert (done.status_code, done.json()["outcome"]) == (200, "live")
            assert (await evaluate(http))["hits"][0]["rule"] == "R-001@2"
            history = (await http.get("/v1/rulesets/history")).json()["items"]
        found = [(row["who"], row["action"], row["version"]) for row in history]
        assert found == [
            ("ben", "promoted", 2),
            ("anna", "asked", 2),
            ("anna", "drafted", 2),
            ("system/seed", "seeded", 1),
            ("system/seed", "drafted", 1),
        ]
        assert history[0]["why"] == WHY["why"]

    async def test_the_author_never_carries_it_out(self, app, person, ruleset):
        draft = {"text": second(ruleset), "why": "smaller sums"}
        async with client(app) as http:
            await http.post("/v1/rulesets", json=draft, headers=person("anna"))
            promote = "/v1/rulesets/2/promote"
            first = await http.post(promote, json=WHY, headers=person("ben"))
            assert first.json()["outcome"] == "asked"
            own = await http.post(promote, json=WHY, headers=person("anna"))
            assert own.json()["outcome"] == "asked"
            second_time = await http.post(promote, json=WHY, headers=person("anna"))
            assert second_time.status_code == 409
            done = await http.post(promote, json=WHY, headers=person("ben"))
            assert done.json()["outcome"] == "live"

    async def test_rolls_back_to_what_was_live(self, app, person, ruleset, evaluate):
        anna, ben = person("anna"), person("ben")
        draft = {"text": second(ruleset), "why": "smaller sums"}
        async with client(app) as http:
            await http.post("/v1/rulesets", json=draft, headers=anna)
            back = {"to": 1, "why": "it flags payroll"}
            early = await http.post("/v1/rulesets/rollback", json=back, headers=ben)
            assert early.status_code == 409
            for who in (anna, ben):
                await http.post("/v1/rulesets/2/promote", json=WHY, headers=who)
            done = await http.post("/v1/rulesets/rollback", json=back, headers=anna)
            assert (done.status_code, done.json()["state"]) == (200, "live")
            assert (await evaluate(http))["rules_flag"] == "ALLOW"
            versions = (await http.get("/v1/rulesets")).json()["items"]
            assert [v["state"] for v in versions] == ["retired", "live"]


class TestShadow:
    async def test_is_evaluated_beside_and_never_acts(
        self, app, person, ruleset, evaluate
    ):
        anna = person("anna")
        draft = {"text": second(ruleset), "why": "smaller sums"}
        async with client(app) as http:
            await http.post("/v1/rulesets", json=draft, headers=anna)
            await http.post("/v1/rulesets/2/shadow", json=WHY, headers=anna)
            result = await evaluate(http)
            await app.state.service.count()
            metrics = (await http.get("/v1/rulesets/metrics")).json()
        assert (result["rules_flag"], result["hits"]) == ("ALLOW", [])
        assert [hit["rule"] for hit in result["shadow"]] == ["R-001@2"]
        assert metrics["payments"] == 1
        (row,) = metrics["items"]
        assert (row["rule"], row["state"], row["hits"]) == ("R-001@2", "shadow", 1)


class TestDrafts:
    async def test_of_a_changed_rule_need_a_new_rule_version(
        self, app, person, ruleset
    ):
        text = ruleset.replace("version: 1\nrules", "version: 2\nrules")
        draft = {"text": text.replace("100000", "5"), "why": "x"}
        async with client(app) as http:
            reply = await http.post("/v1/rulesets", json=draft, headers=person("a"))
        assert reply.status_code == 422
        (error,) = reply.json()["errors"]
        assert error["field"] == "R-001@1"

    async def test_of_a_taken_version_are_refused(self, app, person, ruleset):
        draft = {"text": ruleset + "# changed\n", "why": "x"}
        async with client(app) as http:
            reply = await http.post("/v1/rulesets", json=draft, headers=person("a"))
            same = {"text": ruleset, "why": "x"}
            again = await http.post("/v1/rulesets", json=same, headers=person("a"))
        assert reply.json()["type"].endswith("version-exists")
        assert (again.status_code, again.json()["state"]) == (201, "live")

    async def test_that_are_wrong_change_nothing(self, app, person, ruleset, evaluate):
        text = second(ruleset).replace("amount_minor", "amuont_minor")
        async with client(app) as http:
            before = (await evaluate(http))["ruleset"]
            for path in ("/v1/rulesets", "/v1/rulesets/check"):
                body = {"text": text} | ({} if path.endswith("check") else WHY)
                reply = await http.post(path, json=body, headers=person("a"))
                assert reply.status_code == 422
                (error,) = reply.json()["errors"]
                assert error["field"] == "R-001"
                assert error["problem"].startswith("line 10: ")
            assert (await evaluate(http))["ruleset"] == before
            assert len((await http.get("/v1/rulesets")).json()["items"]) == 1


class TestReading:
    async def test_shows_a_version_and_what_changed(self, app, person, ruleset):
        draft = {"text": second(ruleset), "why": "smaller sums"}
        async with client(app) as http:
            await http.post("/v1/rulesets", json=draft, headers=person("anna"))
            live = (await http.get("/v1/rulesets/live")).json()
            assert (live["version"], live["text"]) == (1, ruleset)
            diff = (await http.get("/v1/rulesets/1/diff/2")).json()["lines"]
            assert "-    when: amount_minor > 100000" in diff
            assert "+    when: amount_minor > 50000" in diff
            assert (await http.get("/v1/rulesets/9")).status_code == 404
            assert (await http.get("/v1/rulesets/shadow")).status_code == 404

    async def test_pages_through_the_history(self, app, person, ruleset):
        async with client(app) as http:
            for version in range(2, 6):
                text = ruleset.replace(
                    "version: 1\nrules", f"version: {version}\nrules"
                )
                await http.post(
                    "/v1/rulesets",
                    json={"text": text, "why": "x"},
                    headers=person("anna"),
                )
            for path, key in (
                ("/v1/rulesets", "version"),
                ("/v1/rulesets/history", "seq"),
            ):
                seen, cursor = [], ""
                while cursor is not None:
                    query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
                    page = (await http.get(path, params=query)).json()
                    seen += [item[key] for item in page["items"]]
                    cursor = page["next_cursor"]
                assert seen == sorted(set(seen), reverse=True)
                assert len(seen) >= 5
            assert (
                await http.get("/v1/rulesets", params={"cursor": "x"})
            ).status_code == 422

    async def test_check_names_what_is_odd_with_its_line(self, app, ruleset):
        odd = ruleset.replace("amount_minor > 100000", "amount_minor < 0")
        async with client(app) as http:
            reply = await http.post(
                "/v1/rulesets/check",
                content=odd.encode(),
                headers={"content-type": "application/yaml"},
            )
        (finding,) = reply.json()["findings"]
        assert (finding["kind"], finding["line"]) == ("unreachable", 4)


class TestHistory:
    async def test_cannot_be_changed_in_the_database(self, app):
        async with client(app):
            table, db = tables.VERSIONS.changes, app.state.service.db
            for statement in (sa.update(table).values(who="x"), sa.delete(table)):
                with pytest.raises(Exception, match=r"not available|only grows"):
                    await db.run(lambda conn, s=statement: conn.execute(s))
