"""What people ask for and workers carry out: promotions by two people, and studies."""

import re

import pytest

from .conftest import Browser, Console


@pytest.fixture
async def admin(console: Console) -> Browser:
    return await console.user("ada", "admin")


class TestModels:
    async def test_a_bundle_is_promoted_and_rolled_back_by_two_people(
        self, console: Console
    ):
        ada = await console.user("ada", "model-owner")
        bob = await console.user("bob", "model-owner")
        proposals = console.gateway.engines.proposals
        for action, bundle, after in (
            ("promote", "b-2", "b-2"),
            ("roll_back", "b-2", "b-1"),
        ):
            form = {"action": action, "bundle": bundle, "why": "better last month"}
            await ada.post("/models/proposals", form)
            place = f"/models/proposals/{[*proposals.known][-1]}"
            await ada.post(f"{place}/approve", {"why": "my own"})
            assert (
                "Another person has to approve it." in (await ada.get("/models")).text
            )
            await bob.post(f"{place}/approve", {"why": "the card reads well"})
            text = (await bob.get("/models")).text
            assert "Waits for the signer: none is running." in text
            proposals.sign()
            text = (await bob.get("/models")).text
            assert f"Champion: {after}" in text
            assert "champion: 1 → 2" in text
        lines = await console.service.activity.list(limit=10)
        assert {line.what for line in lines} == {"Propose models", "Approve models"}

    async def test_a_proposal_is_taken_back(self, console: Console):
        ada = await console.user("ada", "model-owner")
        form = {"action": "promote", "bundle": "b-2", "why": "better last month"}
        await ada.post("/models/proposals", form)
        await ada.post("/models/proposals/w-1/reject", {"why": "not yet"})
        assert "Rejected by console.ada" in (await ada.get("/models")).text


class TestStudies:
    async def started(self, console: Console, browser: Browser, **form: str) -> str:
        place = "/studies"
        if form["kind"] in ("drift", "dossier"):
            place = "/studies/models"
        reply = await browser.post(place, {"why": "before it goes live", **form})
        assert reply.status_code == 303, reply.text
        return reply.headers["location"]

    async def test_a_study_says_how_far_it_is_then_what_it_found(
        self, console: Console, admin: Browser
    ):
        place = await self.started(console, admin, kind="backtest", version="7")
        text = (await admin.get(place)).text
        assert "Waits for a worker: none is running." in text
        studies = console.gateway.engines.studies
        studies.known["w-1"].update(
            state="running", share=0.4, stage="rules", waits_for=None
        )
        part = (await admin.get(place, headers={"hx-request": "true"})).text
        assert 'aria-valuenow="40"' in part
        assert "every 2s" in part
        studies.work()
        text = (await admin.get(place)).text
        assert "every 2s" not in text
        for said in ("R-014@7", "48 %", "32 % to 65 %", "5,432.10 EUR", "77.00 %"):
            assert said in text, said
        [line] = await console.service.activity.list(limit=1)
        assert (line.what, line.target) == (
            "Start study", "backtest 7: before it goes live",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("prove", ("25,000", "both engines confirm it", "R-016@1 is never true")),
            ("suggest", ("card_n_1h &gt;= 3", "1,200.00 EUR", "25 %")),
            ("what_if", ("<polyline", "Cheapest: thresholds × 1.", "2,500.00 EUR")),
            ("drift", ("0.31", "kiosk", "12,000 now")),
            ("dossier", ("Purpose and use", "A signal.")),
        ],
    )
    async def test_each_kind_shows_what_it_found(
        self, console: Console, admin: Browser, kind: str, said: tuple[str, ...]
    ):
        place = await self.started(console, admin, kind=kind, version="7")
        console.gateway.engines.studies.work()
        text = (await admin.get(place)).text
        assert [one for one in said if one not in text] == []
        assert not re.search(r"\sstyle=|\son[a-z]+=", text)

    async def test_a_failure_is_shown_with_its_reason(
        self, console: Console, admin: Browser
    ):
        place = await self.started(console, admin, kind="prove", version="7")
        console.gateway.engines.studies.work("the policies ask different models")
        assert "the policies ask different models" in (await admin.get(place)).text

    async def test_a_study_that_nobody_has_begun_is_cancelled(
        self, console: Console, admin: Browser
    ):
        place = await self.started(console, admin, kind="backtest", version="7")
        await admin.post(f"{place}/cancel", {"why": "another draft"})
        assert console.gateway.engines.studies.known["w-1"]["state"] == "cancelled"
