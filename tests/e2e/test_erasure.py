"""A person's data: everything of it is exported, and after an erasure none is left."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from fraud_ops.mesh.environment import LocalMesh
from fraud_orchestrator.audit_verification import Verified, verify

from .conftest import eventually, payment

PERSON, CARD, DEVICE = "zqxwv-account-77", "zqxwv-card-77", "zqxwv-device-77"
NAME = "Zqxwvondrilo Zqxwvexwhistle"
OTHER, LISTED = "acc-other", "own-N-9"
# Whatever begins so can only have come with the person.
CANARY = "zqxwv"
WHY = "article 17, request 2026-114"


@pytest.fixture(autouse=True)
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One list, which names the person; erasures that settle at once."""
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "own.csv").write_text(
        "id,name,type,aliases,birth_date,countries\n"
        "N-1,Brastolin Quimberhast,person,,,\n"
        f"N-9,{NAME},person,,,\n"
    )
    monkeypatch.setenv("FRAUD_SANCTIONS_LISTS", str(folder))
    monkeypatch.setenv("FRAUD_ORCHESTRATOR_ERASURE_SETTLE", "PT0S")


def personal(**more: Any) -> dict[str, Any]:
    """A payment of the person, with something of theirs in every field that takes it."""
    return {
        "account_id": PERSON,
        "card": {"token": CARD},
        "merchant": {"merchant_id": "mer-1", "name": "zqxwv-merchant-name"},
        "device": {
            "device_id": DEVICE,
            "ip": "198.51.100.177",
            "user_agent": "zqxwv-agent",
            "os": "zqxwv-os",
        },
        "location": {"city": "zqxwv-city"},
        "customer": {"name": NAME, "account": "zqxwv-own-iban", "country": "FR"},
        "counterparty": {"name": "Zqxwvristo Zqxwvander", "account": "payee-77"},
        "contact": {
            "email": "zqxwv-mail@zqxwv-domain.example",
            "phone": "+33612345678",
            "billing_address": {"street": "zqxwv street 1", "country": "FR"},
        },
        "segment": "zqxwv-segment",
        "initiator": {"party": "customer", "series_id": "zqxwv-series"},
        **more,
    }


async def lives(mesh: Any) -> None:
    """The person pays and is paid, is screened, blocked, cleared, and written about."""
    post = mesh.http.post
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    for number in range(3):
        await mesh.score(**personal(), transaction_id=f"tx-p-{number}")
    to_them = {"name": NAME, "account": PERSON}
    await mesh.score(
        transaction_id="tx-o-1", account_id=OTHER, kind="transfer", counterparty=to_them
    )
    # A device that both have used stays what the other one used.
    await mesh.score(**{**personal(), "device": {"device_id": "dev-1"}})
    await mesh.score(transaction_id="tx-o-2", account_id=OTHER)
    for path, body in (
        ("/v1/blocks", {"entity": "account", "id": PERSON, "reason": "zqxwv-reason",
                        "expires_at": until}),
        ("/v1/blocks", {"entity": "card", "id": CARD, "reason": "zqxwv-reason",
                        "expires_at": until}),
        ("/v1/cleared", {"account": PERSON, "entity_id": LISTED, "why": "zqxwv-why",
                         "until": until}),
        ("/v1/labels", {"transaction_id": "tx-p-0", "label": "fraud",
                        "source": "customer_report",
                        "reported_at": datetime.now(UTC).isoformat()}),
    ):  # fmt: skip
        answer = await post(path, json=body)
        assert answer.status_code < 300, answer.text
    await mesh.http.get(f"/v1/entities/account/{PERSON}")
    await mesh.http.get(f"/v1/entities/device/{DEVICE}")
    cases = (await mesh.http.get("/v1/cases", params={"account_id": PERSON})).json()
    assert cases["items"]
    for case in cases["items"]:
        path = f"/v1/cases/{case['case_id']}/notes"
        assert (await post(path, json={"text": "zqxwv-note"})).status_code == 201


async def arrived(mesh: Any) -> bool:
    """Whether post_auth knows of the payments and of the label."""
    profile = await mesh.http.get(f"/profile/{PERSON}")
    label = await mesh.http.get("/v1/labels/tx-p-0")
    return (
        profile.status_code == label.status_code == 200
        and profile.json()["payments"] == 5
        and label.json()["in_risk_windows"]
    )


def stored(var: Path) -> Iterator[tuple[str, str]]:
    """Every row of every table of every service, and every row of every dataset, as text."""
    for file in var.rglob("*.db"):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
            tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                for row in db.execute(f'SELECT * FROM "{table}"'):
                    yield f"{file.stem}.{table}", repr(row)
        db.close()
    for file in var.rglob("*.parquet"):
        text = pl.read_parquet(BytesIO(file.read_bytes())).write_json()
        yield "dataset", text


def found_in(var: Path) -> list[tuple[str, str]]:
    """Where something of the person is."""
    return [(place, row) for place, row in stored(var) if CANARY in row.lower()]


def verified(var: Path) -> Verified:
    engine = sa.create_engine(f"sqlite:///{var / 'orchestrator.db'}")
    with engine.connect() as conn:
        found = verify(conn, kept_since=datetime(2020, 1, 1, tzinfo=UTC))
    engine.dispose()
    return found


async def second_person(mesh: Any) -> dict[str, str]:
    own = (await mesh.http.get("/v1/me")).json()
    wanted = {"client": "ben", "scopes": ["admin"], "tenant": own["tenant"]}
    made = await mesh.http.post("/v1/keys", json=wanted)
    assert made.status_code == 201, made.text
    return {"x-api-key": made.json()["key"]}


async def erased(mesh: Any) -> dict[str, Any]:
    """Ask, approve as another person, and wait until nothing was found any more."""
    body = {"account_id": PERSON, "why": WHY}
    asked = await mesh.http.post("/v1/privacy/erasures", json=body)
    assert asked.status_code == 202, asked.text
    path = f"/v1/privacy/erasures/{asked.json()['erasure_id']}"
    alone = await mesh.http.post(f"{path}/approve", json=body)
    assert alone.status_code == 409, alone.text
    headers = await second_person(mesh)
    wrong = {**body, "account_id": OTHER}
    refused = await mesh.http.post(f"{path}/approve", json=wrong, headers=headers)
    assert refused.status_code == 422
    approved = await mesh.http.post(f"{path}/approve", json=body, headers=headers)
    assert approved.status_code == 200, approved.text
    gateway = mesh.local_mesh.apps["orchestrator"].state.gateway
    for _ in range(20):
        await gateway.eraser.round()
        view = (await mesh.http.get(path)).json()
        if view["state"] == "done":
            return view
    raise AssertionError(view)


async def test_nothing_of_a_person_is_left_anywhere(
    run: Any, environment: LocalMesh, capfd: pytest.CaptureFixture[str]
) -> None:
    var = environment.var
    async with run() as mesh:
        gateway = mesh.local_mesh.apps["orchestrator"].state.gateway
        asked = payment(**personal(), transaction_id="tx-p-3")
        first = await mesh.http.post("/score", json=asked)
        await lives(mesh)
        await eventually(lambda: arrived(mesh))
        await mesh.http.post("/v1/datasets/export", json={})
        await gateway.audit_log.round()
        assert {place.split(".")[0] for place, _ in found_in(var)} == {
            "orchestrator", "action", "post_auth", "sanctions", "dataset",
        }  # fmt: skip
        exported = await mesh.http.post(
            "/v1/privacy/exports", json={"account_id": PERSON, "why": WHY}
        )
        others = await of_other(mesh)
        assert (await mesh.http.post("/score", json=asked)).content == first.content

        view = await erased(mesh)

        assert found_in(var) == []
        assert CANARY not in repr(memory(mesh.online)).lower()
        assert PERSON not in str(view)
        assert await of_other(mesh) == others
        again = (await mesh.http.post("/score", json=asked)).json()
    assert CANARY not in capfd.readouterr().out.lower()
    assert again["erased_at"] is not None
    assert again["decision_id"] == first.json()["decision_id"]
    for text in ("zqxwv-merchant-name", "zqxwv-city", "zqxwv-os", "payee-77", DEVICE,
                 "zqxwv-note", "zqxwv-reason", "zqxwv-why", PERSON, CARD):  # fmt: skip
        assert text in exported.text, text
    assert exported.json()["unanswered"] == []
    log = verified(var)
    assert (log.bad, log.erased) == ([], 6)


async def of_other(mesh: Any) -> str:
    """What is known of the other person's payment and behaviour."""
    decisions = await mesh.http.get(
        "/v1/decisions", params={"transaction_id": "tx-o-2"}
    )
    profile = await mesh.http.get(f"/profile/{OTHER}")
    return str(decisions.text + profile.text)


def memory(thing: Any, seen: set[int] | None = None) -> list[Any]:
    """Everything an object holds, as plain values."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, str | int | float | None.__class__):
        return [thing]
    seen.add(id(thing))
    if isinstance(thing, dict):
        return [memory(x, seen) for pair in thing.items() for x in pair]
    if isinstance(thing, list | tuple | set | frozenset):
        return [memory(x, seen) for x in thing]
    slots = [n for c in type(thing).__mro__ for n in getattr(c, "__slots__", ())]
    names = [*slots, *getattr(thing, "__dict__", {})]
    return [memory(getattr(thing, n, None), seen) for n in names if n != "_now"]
