"""The statements over known parties, each within one transaction of `Database.run`."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from fraud_sanctions import tables
from fraud_sanctions.lists.delta import likeness_mark
from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.parties.party import KnownParty, Sighting, facts_of, party_from
from fraud_shared.state.database import Database

Row = sa.Row[Any]


def write(db: Database, conn: sa.Connection, sightings: Sequence[Sighting]) -> None:
    """Insert parties, or move `last_seen` of those that are there, and what they resemble.

    A party that was screened with another version of a list than is announced is marked:
    the update's own rescreening may be past its row already, or done.
    """
    announced = _announced(conn)
    by_key = {sighting.key: sighting for sighting in sightings}
    # In order of keys, so that two replicas cannot lock crosswise.
    rows = [_row(key, by_key[key], announced) for key in sorted(by_key)]
    conn.execute(_insert_or_move(db), rows)
    for key, sighting in by_key.items():
        if sighting.hits:
            query = sa.select(tables.parties.c.seq).where(
                tables.parties.c.party_key == key
            )
            know(db, conn, conn.execute(query).scalar_one(), sighting.hits)


@lru_cache(maxsize=2)  # making the statement costs as much as twenty rows
def _insert_or_move(db: Database) -> Any:
    insert = db.insert(tables.parties)
    again = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["party_key"],
        set_={"transaction_id": again.transaction_id, "last_seen": again.last_seen},
        where=again.last_seen >= tables.parties.c.last_seen,
    )


def _announced(conn: sa.Connection) -> Mapping[str, str]:
    """The announced version of each list, held still until this transaction ends: an
    update cannot be announced between this reading and the rows that rely on it."""
    table = tables.announced
    query = sa.select(table.c.list_id, table.c.version).order_by(table.c.list_id)
    found = conn.execute(query.with_for_update(read=True))
    return {row.list_id: row.version for row in found}


def _row(key: str, sighting: Sighting, announced: Mapping[str, str]) -> dict[str, Any]:
    return {
        "party_key": key,
        "account_id": sighting.payment.account_id,
        "holder": sighting.holder,
        "role": sighting.role,
        "facts": facts_of(sighting.party),
        "transaction_id": sighting.payment.transaction_id,
        "last_seen": sighting.at,
        "overtaken": any(
            sighting.held.get(list_id) != version
            for list_id, version in announced.items()
        ),
    }


def know(
    db: Database, conn: sa.Connection, seq: int, entities: Iterable[ListedEntity]
) -> None:
    """Note that a party resembles these entities as they are listed now."""
    insert = db.insert(tables.known_hits)
    rows = [
        {"seq": seq, "entity_id": entity.entity_id, "mark": likeness_mark(entity)}
        for entity in entities
    ]
    upsert = insert.on_conflict_do_update(
        index_elements=["seq", "entity_id"], set_={"mark": insert.excluded.mark}
    )
    conn.execute(upsert, rows)


def known(conn: sa.Connection, seqs: Sequence[int]) -> dict[int, dict[str, str]]:
    """For each of these parties that is still there, the marks of whom it resembles. The
    rows stay there until this transaction ends."""
    table = tables.parties
    there = sa.select(table.c.seq).where(table.c.seq.in_(seqs)).order_by(table.c.seq)
    found: dict[int, dict[str, str]] = {
        row.seq: {}
        for row in conn.execute(there.with_for_update(read=True, key_share=True))
    }
    hits = tables.known_hits
    for row in conn.execute(sa.select(hits).where(hits.c.seq.in_(seqs))):
        if row.seq in found:
            found[row.seq][row.entity_id] = row.mark
    return found


def page(
    conn: sa.Connection, where: sa.ColumnElement[bool], most: int
) -> list[KnownParty]:
    """Parties in the order they were first noted."""
    table = tables.parties
    query = sa.select(table).where(where).order_by(table.c.seq).limit(most)
    return [
        KnownParty(
            row.seq,
            row.account_id,
            row.holder,
            row.role,
            row.transaction_id,
            party_from(row.facts),
        )
        for row in conn.execute(query)
    ]


def unknow(conn: sa.Connection, holder: str, entity_id: str) -> None:
    """Forget that a customer resembles an entity: the pair was cleared, and is to be looked
    at again should the clearing become void."""
    hits, table = tables.known_hits, tables.parties
    theirs = sa.select(table.c.seq).where(table.c.holder == holder)
    conn.execute(
        sa.delete(hits).where(hits.c.entity_id == entity_id, hits.c.seq.in_(theirs))
    )


def erase(conn: sa.Connection, account: str) -> int:
    """Erase the parties of an account; returns how many."""
    table = tables.parties
    theirs = sa.or_(table.c.account_id == account, table.c.holder == account)
    return conn.execute(sa.delete(table).where(theirs)).rowcount


def count(conn: sa.Connection) -> int:
    """How many parties are known."""
    return conn.execute(
        sa.select(sa.func.count()).select_from(tables.parties)
    ).scalar_one()
