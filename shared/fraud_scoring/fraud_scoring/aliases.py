"""Aliases: which version is champion or challenger, as a signed, numbered document.

The signature and the ever-rising revision make the difference between an ordered return
to an older model and somebody putting an old file back.
"""

import json
from datetime import datetime
from typing import Annotated

import orjson
from pydantic import AwareDatetime, Field, ValidationError

from fraud_scoring.errors import AliasMissing, MalformedArtifact
from fraud_scoring.keys import Signer, Verifier
from fraud_scoring.metadata import Document, ModelName, ModelVersion
from fraud_shared.contracts.base import Identifier, Sha256

_PURPOSE = "model-aliases"
_HISTORY = 20


class Target(Document):
    """One exact artefact: a version and the hash of its manifest."""

    version: ModelVersion
    hash: Sha256
    bundle: Identifier


class Alias(Document):
    """Where an alias points, since when, and where it pointed before (newest last)."""

    target: Target
    since: AwareDatetime
    history: Annotated[tuple[Target, ...], Field(max_length=_HISTORY)] = ()


class AliasBook(Document):
    """All aliases of one model. Each change raises `revision`."""

    name: ModelName
    revision: Annotated[int, Field(ge=0)]
    aliases: dict[ModelName, Alias]

    def target(self, alias: str) -> Target:
        """Where the alias points; raises `AliasMissing`."""
        found = self.aliases.get(alias)
        if found is None:
            raise AliasMissing(f"{self.name} has no alias {alias}")
        return found.target

    def promoted(self, alias: str, target: Target, now: datetime) -> "AliasBook":
        """The book after pointing the alias at a target; the old one is remembered."""
        old = self.aliases.get(alias)
        if old is not None and old.target == target:
            return self
        history = () if old is None else (*old.history, old.target)[-_HISTORY:]
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
