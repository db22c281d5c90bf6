"""Aliases: which version is champion or challenger, as a signed, numbered document.

The signature and the ever-rising revision make the difference between an ordered return
to an older model and somebody putting an old file back.

A tracking server may hold aliases that nobody signed (revision 0). They lead to signed
models only, and only forward: an older version than one seen before needs a signed order.
"""

import json
from datetime import datetime
from typing import Annotated

import orjson
from pydantic import AwareDatetime, Field, ValidationError

from fraud_scoring.artifacts.keys import Signer, Verifier
from fraud_scoring.artifacts.metadata import Document, ModelName, ModelVersion
from fraud_scoring.errors import (
    AliasMissing,
    AliasUnknown,
    AliasUnsigned,
    MalformedArtifact,
    RolledBack,
)
from fraud_shared.contracts.base import Identifier, Sha256

CHAMPION, CHALLENGER = "champion", "challenger"
FOLLOWED = (CHAMPION, CHALLENGER)
_PURPOSE = "model-aliases"
_HISTORY = 20


class AliasTarget(Document):
    """One exact artefact: a version and the hash of its manifest."""

    version: ModelVersion
    hash: Sha256
    bundle: Identifier

    @property
    def number(self) -> int:
        """The rising number that a version ends with; 0 without one."""
        number = self.version.rpartition(".")[2]
        return int(number) if number.isascii() and number.isdigit() else 0


class Alias(Document):
    """Where an alias points, since when, and where it pointed before (newest last)."""

    target: AliasTarget
    since: AwareDatetime
    history: Annotated[tuple[AliasTarget, ...], Field(max_length=_HISTORY)] = ()


class AliasBook(Document):
    """All aliases of one model. Each change raises `revision`; it is 0 when nobody signed
    these aliases."""

    name: ModelName
    revision: Annotated[int, Field(ge=0)]
    aliases: dict[ModelName, Alias]

    @property
    def signed(self) -> bool:
        """Whether these aliases are an order of the key's holder."""
        return self.revision > 0

    def must_follow(self, seen: "AliasBook") -> None:
        """Raise `RolledBack` when this book is older than one that was seen."""
        if self.revision < seen.revision:
            raise RolledBack(
                f"{self.name}: alias revision {self.revision}, {seen.revision} was seen"
            )
        for alias, there in self.aliases.items():
            before = seen.aliases.get(alias)
            if self.signed or before is None:
                continue
            if there.target.number < before.target.number:
                raise RolledBack(
                    f"{self.name} {alias}: {there.target.version} by an unsigned alias, "
                    f"{before.target.version} was seen"
                )

    def beside(self, seen: "AliasBook") -> "AliasBook":
        """What to remember of both: an unsigned alias that went must not come back to
        something older."""
        if self.signed:
            return self
        return self.model_copy(update={"aliases": {**seen.aliases, **self.aliases}})

    def taken_over(self, alias: str) -> "AliasBook":
        """The book that an order for this alias changes.

        The first order takes over no alias but its own: what nobody signed must not become
        signed by the way. Raises `AliasUnsigned` when that would lose the champion.
        """
        if self.signed or not self.aliases:
            return self
        if alias != CHAMPION and CHAMPION in self.aliases:
            raise AliasUnsigned(
                f"{self.name} {CHAMPION} is an alias that nobody signed: promote it first"
            )
        own = {name: there for name, there in self.aliases.items() if name == alias}
        return self.model_copy(update={"aliases": own})

    def target(self, alias: str) -> AliasTarget:
        """Where the alias points; raises `AliasMissing`."""
        found = self.aliases.get(alias)
        if found is None:
            raise AliasMissing(f"{self.name} has no alias {alias}")
        return found.target

    def promoted(self, alias: str, target: AliasTarget, now: datetime) -> "AliasBook":
        """The book after pointing the alias at a target; the old one is remembered.
        Raises `AliasUnknown` for an alias that no scorer follows."""
        if alias not in FOLLOWED:
            raise AliasUnknown(f"{alias} is none of {', '.join(FOLLOWED)}")
        old = self.aliases.get(alias)
        if old is not None and old.target == target and self.signed:
            return self
        history = () if old is None else (*old.history, old.target)[-_HISTORY:]
        history = tuple(past for past in history if past != target or self.signed)
        return self._with(alias, Alias(target=target, since=now, history=history))

    def rolled_back(self, alias: str, now: datetime) -> "AliasBook":
        """The book after going back one step; raises `AliasMissing` without a past."""
        old = self.aliases.get(alias)
        if old is None or not old.history:
            raise AliasMissing(f"{self.name} {alias} has no earlier target")
        *rest, target = old.history
        return self._with(alias, Alias(target=target, since=now, history=tuple(rest)))

    def _with(self, alias: str, value: Alias) -> "AliasBook":
        return AliasBook(
            name=self.name,
            # Seconds since the epoch, so that a registry made anew still counts upwards.
            revision=max(self.revision + 1, int(value.since.timestamp())),
            aliases={**self.aliases, alias: value},
        )


def seal(book: AliasBook, signer: Signer) -> bytes:
    """The signed form of a book: `aliases.json`."""
    signed = orjson.dumps(book.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    envelope = {"signed": signed.decode(), "signature": signer.sign(_PURPOSE, signed)}
    return json.dumps(envelope, indent=1).encode()


def unseal(data: bytes, verifier: Verifier, name: str) -> AliasBook:
    """Verify and read `aliases.json`; raises a subclass of `ArtifactRefused`."""
    try:
        envelope = orjson.loads(data)
        signed, signature = envelope["signed"].encode(), str(envelope["signature"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedArtifact("aliases.json is not a signed document") from error
    verifier.verify(_PURPOSE, signed, signature)
    try:
        book = AliasBook.model_validate_json(signed)
    except ValidationError as error:
        raise MalformedArtifact(f"aliases.json: {error}") from error
    if book.name != name:
        raise MalformedArtifact(f"aliases.json of {book.name} found under {name}")
    return book
