"""A sanctions list changes: who took part in payments before is screened again."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fraud_shared.mesh.deadline import Deadline

PERSON = "Quandrilo Vexwhistle"
OTHER = "Zoltarin Krandalov"
HEADER = "id,name,type,aliases,birth_date,countries"
ROWS = ("N-1,Brastolin Quimberhast,person,,,", "N-2,Yondelar Fripwater,person,,,")
LISTED = f"N-9,{PERSON},person,,,"
ALSO_LISTED = f"N-10,Fitz {PERSON},person,,,"


class OwnList:
    """The one list of a mesh, as a file that changes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "own.csv"
        self.holds()

    def holds(self, *rows: str) -> None:
        """Two entries that nobody resembles, and these."""
        self._path.write_text("\n".join((HEADER, *ROWS, *rows)) + "\n")


@pytest.fixture
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnList:
    """The one list of this mesh, which does not name the person yet."""
    folder = tmp_path / "lists"
    folder.mkdir()
    monkeypatch.setenv("FRAUD_SANCTIONS_LISTS", str(folder))
    monkeypatch.setenv("FRAUD_SANCTIONS_CHECK_EVERY_S", "0")
    return OwnList(folder)


def until() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).isoformat()


async def reload(mesh: Any) -> None:
    await mesh.local_mesh.service_client("orchestrator").call(
        "sanctions",
        "/v1/lists/reload",
        b"",
        deadline=Deadline.after(10_000),
        cap_ms=10_000,
    )


async def pay(
    mesh: Any, number: int, name: str = PERSON, **facts: Any
) -> dict[str, Any]:
    reply: dict[str, Any] = await mesh.score(
        transaction_id=f"tx-{number}",
        account_id=f"acc-{number}",
        customer={"name": name},
        **facts,
    )
    return reply


async def cases(mesh: Any, state: str = "open") -> list[dict[str, Any]]:
    asked = {"status": state, "kind": "listing", "sort": "age"}
    reply = await mesh.http.get("/v1/cases", params=asked)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def rescreened(mesh: Any, updates: int) -> Any:
    """The rescreenings, once there are as many and none is under way."""
    reply = (await mesh.http.get("/v1/rescreenings")).json()
    done = [one for one in reply["rescreenings"] if one["done_at"]]
    return done if len(done) == updates and not reply["backlog"] else None


async def cases_of(mesh: Any, count: int) -> Any:
    found = await cases(mesh)
    return found if len(found) >= count else None


async def noted(mesh: Any, parties: int) -> None:
    """Wait until the store knows so many parties."""
    book = mesh.local_mesh.apps["sanctions"].state.book
    await book.write()
    assert await book.count() == parties


async def eventually(ask: Any, within_s: float = 15.0) -> Any:
    """The first true answer of `ask`; fails when there is none in time."""
    async with asyncio.timeout(within_s):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


class TestAListUpdate:
    async def test_makes_a_case_of_a_payment_that_passed_clear(
        self, run: Any, own_list: OwnList
    ) -> None:
        async with run() as mesh:
            reply = await pay(mesh, 1)
            assert reply["screening"]["status"] == "clear"
            await pay(mesh, 2, OTHER)
            await noted(mesh, 2)
            own_list.holds(LISTED)
            await reload(mesh)
            (case,) = await eventually(lambda: cases(mesh))
            assert (case["transaction_id"], case["account_id"]) == ("tx-1", "acc-1")
            assert case["reason"] == "SANCTIONS_LIST_UPDATE"
            listing = case["listing"]
            assert (listing["list"], listing["entity_id"]) == ("own", "own-N-9")
            assert (listing["role"], listing["status"]) == ("customer", "match")
            assert "Vexwhistle" not in json.dumps(case)

    async def test_says_nothing_new_when_nothing_is(
        self, run: Any, own_list: OwnList
    ) -> None:
        async with run() as mesh:
            await pay(mesh, 1)
            await noted(mesh, 1)
            own_list.holds(LISTED)
            await reload(mesh)
            await eventually(lambda: cases(mesh))
            # The same list in another file, then another entity.
            own_list.holds(LISTED.replace(",,,", ",,,   "))
            await reload(mesh)
            own_list.holds(LISTED, "N-10,Uldrebar Snoltwick,person,,,")
            await reload(mesh)
            done = await eventually(lambda: rescreened(mesh, 2))
            assert sorted(one["cases"] for one in done) == [0, 1]
            assert len(await cases(mesh)) == 1

    async def test_a_counterparty_is_found_too(
        self, run: Any, own_list: OwnList
    ) -> None:
        async with run() as mesh:
            await pay(
                mesh,
                1,
                OTHER,
                kind="transfer",
                counterparty={"name": PERSON, "account": "x-1"},
            )
            await noted(mesh, 2)
            own_list.holds(LISTED)
            await reload(mesh)
            (case,) = await eventually(lambda: cases(mesh))
        assert case["listing"]["role"] == "counterparty"
        assert case["account_id"] == "acc-1"

    async def test_what_an_analyst_finds_is_no_label_of_the_payment(
        self, run: Any, own_list: OwnList
    ) -> None:
        async with run() as mesh:
            await pay(mesh, 1)
            await noted(mesh, 1)
            own_list.holds(LISTED)
            await reload(mesh)
            (case,) = await eventually(lambda: cases(mesh))
            path = f"/v1/cases/{case['case_id']}/resolve"
            finding = {"outcome": "fraud"}
            assert (await mesh.http.post(path, json=finding)).status_code == 422
            finding["outcome"] = "not_listed"
            assert (await mesh.http.post(path, json=finding)).status_code == 200
            assert await cases(mesh) == []
            assert len(await cases(mesh, "resolved")) == 1
            assert (await mesh.http.get("/v1/labels/tx-1")).status_code == 404


class TestARestart:
    @pytest.mark.parametrize("away", ["sanctions", "action"])
    async def test_in_the_middle_loses_nothing(
        self, run: Any, own_list: OwnList, away: str
    ) -> None:
        """Between the announcement and the rescreening, and between that and the case."""
        async with run() as mesh:
            for number in range(5):
                await pay(mesh, number)
            await noted(mesh, 5)
            own_list.holds(LISTED)
            sanctions = mesh.local_mesh.apps["sanctions"].state.service
            if away == "action":
                del mesh.local_mesh.apps["action"]
                await reload(mesh)
                await eventually(lambda: rescreened(mesh, 1))
            else:
                del mesh.local_mesh.apps["sanctions"]
                await sanctions.reload()
                await sanctions.announce()
        async with run() as mesh:
            await eventually(lambda: rescreened(mesh, 1))
            found = await eventually(lambda: cases_of(mesh, 5))
            assert sorted(case["account_id"] for case in found) == [
                f"acc-{number}" for number in range(5)
            ]

    async def test_a_list_that_changed_while_the_mesh_was_down_is_no_less(
        self, run: Any, own_list: OwnList
    ) -> None:
        async with run() as mesh:
            await pay(mesh, 1)
        own_list.holds(LISTED)
        async with run() as mesh:
            assert len(await eventually(lambda: cases(mesh))) == 1


class TestAClearedPair:
    async def test_is_respected_until_the_listing_changes(
        self, run: Any, own_list: OwnList
    ) -> None:
        own_list.holds(LISTED)
        async with run() as mesh:
            cleared = await mesh.http.post(
                "/v1/cleared",
                json={
                    "account": "acc-1",
                    "entity_id": "own-N-9",
                    "who": "anna",
                    "why": "another birth date",
                    "until": until(),
                },
            )
            assert cleared.status_code == 201, cleared.text
            reply = await pay(mesh, 1)
            assert reply["screening"]["status"] == "clear"
            await noted(mesh, 1)
            own_list.holds(LISTED, ALSO_LISTED)
            await reload(mesh)
            (case,) = await eventually(lambda: cases(mesh))
            assert case["listing"]["entity_id"] == "own-N-10"
            own_list.holds(LISTED + "RU", ALSO_LISTED)
            await reload(mesh)
            found = await eventually(lambda: cases_of(mesh, 2))
            assert {case["listing"]["entity_id"] for case in found} == {
                "own-N-9",
                "own-N-10",
            }
            (pair,) = (await mesh.http.get("/v1/cleared")).json()["cleared"]
            assert pair["account"] == "acc-1"


class TestErasing:
    async def test_who_was_erased_is_not_screened_again(
        self, run: Any, own_list: OwnList
    ) -> None:
        async with run() as mesh:
            await pay(mesh, 1)
            await pay(mesh, 2)
            await noted(mesh, 2)
            erased = await mesh.http.post(
                "/v1/parties/erase", json={"account": "acc-1", "who": "dpo"}
            )
            assert erased.json() == {"erased": 1}
            own_list.holds(LISTED)
            await reload(mesh)
            (case,) = await eventually(lambda: cases(mesh))
        assert case["account_id"] == "acc-2"
