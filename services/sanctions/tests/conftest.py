import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

import fraud_sanctions
from fraud_sanctions import tables
from fraud_sanctions.app import create_app
from fraud_sanctions.clearing.store import ClearedMatchStore
from fraud_sanctions.lists.announcer import Announcer
from fraud_sanctions.lists.consumer import ListUpdateConsumer
from fraud_sanctions.lists.records import ListedEntity, ListedName, Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.parties.recorder import PartyRecorder
from fraud_sanctions.rescreening.rescreener import Parts, Rescreener
from fraud_sanctions.service import ScreeningService
from fraud_sanctions.settings import SAMPLE_LISTS, Settings
from fraud_sanctions.store import Store
from fraud_shared.contracts.events import ACTION_REQUESTED, LIST_UPDATED, CloudEvent
from fraud_shared.contracts.screening import PartyQuery, PaymentRef
from fraud_shared.state.database import Database
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.fakes import FakeBus
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]
MIGRATIONS = Path(fraud_sanctions.__file__).parent / "migrations"
# No store answers there.
NOBODY = "postgresql://fraud@127.0.0.1:9/fraud"
HEADER = "id,name,type,aliases,birth_date,countries,identifiers,programs"


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever a service of these tests writes goes to a folder of the test."""
    monkeypatch.setenv("FRAUD_VAR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "var"


@pytest.fixture
async def http():
    """A client of the service, which screens against its sample lists."""
    settings = Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0)
    async with client(create_app(settings)) as http:
        yield http


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample lists that a test may damage."""
    target = tmp_path / "lists"
    shutil.copytree(SAMPLE_LISTS, target)
    return target


@pytest.fixture(scope="session")
def listed():
    """Builds an entity: `listed("A", "alias of A", kind="person")`."""

    def make(*names, kind="person", key=None, births=(), countries=()):
        return ListedEntity(
            entity_id=key or names[0].replace(" ", "-"),
            list_id="test",
            kind=kind,
            names=tuple(
                ListedName(name, "alias" if at else "primary")
                for at, name in enumerate(names)
            ),
            birth_dates=births,
            countries=countries,
        )

    return make


@pytest.fixture(scope="session")
def score(listed):
    """The score of a query against one listed name, 0 when it is no candidate."""

    def of(query, name, kind="person", **facts):
        screener = Screener(Index([listed(name, kind=kind, key="it")]))
        hits = screener.screen(Party(query, **facts), least=0.0)
        return hits[0].score if hits else 0.0

    return of


@dataclass
class Replica:
    """The service's parts over one store, with nothing in the background."""

    settings: Settings
    store: Store
    service: ScreeningService
    register: ClearedMatchStore
    book: PartyRecorder
    list_updates: ListUpdateConsumer
    rescreener: Rescreener
    bus: FakeBus

    async def reload(self):
        """Read the lists again and tell of what changed."""
        await self.service.reload()
        return await self.service.announce()

    async def consume_updates(self):
        """Every list update that was told of so far, again those heard before."""
        relay = self.store.relay(self.bus)
        while await relay.deliver():
            pass
        events = [CloudEvent.model_validate_json(e.body) for e in self.bus.published]
        await self.list_updates.handle([e for e in events if e.type == LIST_UPDATED])

    async def update(self):
        """Reload, hear of it, and screen known parties again."""
        await self.reload()
        await self.consume_updates()
        await self.rescreener.round()

    def pay(self, name, number=1, role="customer", at=None):
        """A payment with one party, screened and noted."""
        account = f"acc-{number}"
        holder = account if role == "customer" else None
        query = PartyQuery(role=role, name=name, account=holder)
        edition = at or self.service.edition
        hits = self.service.screen(edition, Party(name))
        payment = PaymentRef(transaction_id=f"tx-{number}", account_id=account)
        self.book.note(payment, [(query, [hit.entity for hit in hits])], edition)

    async def rows(self, table):
        return await self.store.db.run(
            lambda conn: conn.execute(sa.select(table)).all(), write=False
        )

    async def cases(self):
        """The data of each case that was asked for."""
        bodies = [
            row.body
            for row in await self.rows(tables.outbox)
            if row.type == ACTION_REQUESTED
        ]
        return [CloudEvent.model_validate_json(body).data for body in bodies]


@dataclass
class World:
    """Everything around the service: one folder of lists, one store, one bus."""

    folder: Path
    url: str
    schema: str
    clock: FakeClock = field(default_factory=FakeClock)
    bus: FakeBus = field(default_factory=FakeBus)

    def lists(self, *rows, list_id="own"):
        """The list as it is from now on: people whom nobody resembles, and these."""
        others = [
            f"F-{c},Brast{c * 3}olin Quimb{c * 3}erhast,person"
            for c in "bdfgklmnprstvz"
        ]
        width = HEADER.count(",")
        rows = [row + "," * (width - row.count(",")) for row in (*others, *rows)]
        (self.folder / f"{list_id}.csv").write_text("\n".join((HEADER, *rows)) + "\n")

    @contextlib.asynccontextmanager
    async def replica(self, *, page=200, away=False, **overrides):
        """One of several, or the one after a restart; `away`: without its store."""
        fields = {"token_key": TEST_TOKEN_KEY, "lists": self.folder, **overrides}
        settings = Settings(**fields)
        url = NOBODY if away else self.url
        db = Database(url, schema=self.schema, migrations=MIGRATIONS, pool_size=4)
        store = Store(db)
        service = ScreeningService(settings, self.clock, Announcer(store, self.clock))
        register = ClearedMatchStore(store, self.clock, lambda: service.edition)
        list_updates = ListUpdateConsumer(store, self.clock)
        parts = Parts(store, service, register, list_updates, self.clock)
        one = Replica(
            settings,
            store,
            service,
            register,
            PartyRecorder(settings, store, self.clock),
            list_updates,
            Rescreener(settings, parts, page=page),
            self.bus,
        )
        try:
            if away:
                await service.reload()
            else:
                await one.reload()
                await register.refresh()
            yield one
        finally:
            await store.close()


@pytest.fixture
def world(tmp_path, sql_url, sql_schema):
    made = World(tmp_path / "own", sql_url, sql_schema)
    made.folder.mkdir()
    made.lists()
    return made
