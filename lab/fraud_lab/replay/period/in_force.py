"""What was in force when payments were decided: texts by version, and the edited lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

import fraud_decision
import fraud_rules
from fraud_decision.tables import VERSIONS as POLICIES
from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_engines.rules.register import Register
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_engines.rules.ruleset_schema import RulesetDocument
from fraud_ops.features.logs import service_database
from fraud_ops.mesh.environment import LocalMesh
from fraud_rules.tables import VERSIONS as RULESETS
from fraud_rules.tables import entries
from fraud_shared.contracts.entries import Marker
from fraud_shared.documents import content_hash, parse

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """An entry or snooze, and from when to when it was in force. `revision` is that of its
    last change."""

    marker: Marker
    created_at: datetime
    ended_at: datetime | None
    revision: int

    def held(self, revision: int, at: datetime) -> bool:
        """Whether a replica that knew all up to `revision` had it in force at that time."""
        if self.revision <= revision:
            return self.ended_at is None
        # It changed afterwards: it was there if that change was its end.
        return self.ended_at is not None and self.created_at <= at


@dataclass(frozen=True)
class InForce:
    """Rulesets and policies by version (`name@version+hash8`), and every entry."""

    rulesets: Texts
    policies: Texts
    entries: Sequence[Entry] = ()


@dataclass
class Lists:
    """The register as it was for one payment after another."""

    entries: Sequence[Entry]
    register: Register = field(default_factory=Register)
    _as_of: tuple[int, frozenset[str]] | None = None

    def turn_to(self, revision: int, at: datetime) -> None:
        """Hold what a replica held that knew all up to `revision`."""
        held = [one for one in self.entries if one.held(revision, at)]
        as_of = revision, frozenset(one.marker.marker_id for one in held)
        if as_of != self._as_of:
            self.register.clear()
            self.register.apply((one.marker for one in held), revision)
            self._as_of = as_of


async def in_force(mesh: LocalMesh) -> InForce:
    """What rules and decision have on record, and what is shipped."""
    rules = service_database(mesh, "rules", fraud_rules)
    decision = service_database(mesh, "decision", fraud_decision)
    try:
        for db in (rules, decision):
            await db.start()
        async with rules.read() as conn:
            rulesets = (await conn.execute(sa.select(RULESETS.versions))).all()
            listed = (await conn.execute(sa.select(entries))).all()
        async with decision.read() as conn:
            policies = (await conn.execute(sa.select(POLICIES.versions))).all()
    finally:
        for db in (rules, decision):
            await db.stop()
    return InForce(
        rulesets={**shipped_ruleset(), **{_version(r): r.text for r in rulesets}},
        policies={**shipped_policy(), **{_version(r): r.text for r in policies}},
        entries=[_entry(row) for row in listed],
    )


def shipped_policy() -> Texts:
    """The policy in force where nobody made another."""
    text = DEFAULT_POLICY.read_text()
    return {load(text.encode()).version: text}


def shipped_ruleset() -> Texts:
    """The ruleset in force where nobody made another."""
    text = DEFAULT_RULESET.read_text()
    return {ruleset_version(text): text}


def ruleset_version(text: str) -> str:
    """The version of a ruleset's text, without compiling its rules."""
    document = RulesetDocument.model_validate_json(parse(text.encode()))
    return f"{document.name}@{document.version}+{content_hash(text.encode())[:8]}"


def _version(row: sa.Row) -> str:  # type: ignore[type-arg]
    return f"{row.name}@{row.version}+{row.sha256[:8]}"


def _entry(row: sa.Row) -> Entry:  # type: ignore[type-arg]
    marker = Marker(
        marker_id=row.marker_id,
        on=row.on,
        kind=row.kind,
        value=row.value,
        expires_at=row.expires_at,
        ended=False,
    )
    return Entry(marker, row.created_at, row.ended_at, row.revision)
