"""The `features` of a payment: inputs that its sender computed, each known by its name.

Known are the inputs of the registered feature sets that a caller computes, and whatever
the models that serve take by their own `feature_registry.json`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import NoneType
from typing import Any

import structlog

from fraud_features.definitions.registry import CREDIT_CARD, HANDBOOK, PAYMENT_FEATURES
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput, field_name

log = structlog.get_logger()
Values = Mapping[str, float | str | None]
Descriptions = Mapping[str, Mapping[str, Any]]
Kinds = frozenset[type]

# What a payment may spend on names that nobody has mentioned yet; the answer may come
# later, and then serves the next payment.
WAIT_MS = 50.0
# How long what was fetched holds, and a scorer that was silent is not asked again.
FRESH_FOR_S = 1.0
MOST_LISTED = 20
SETS = (PAYMENT_FEATURES, CREDIT_CARD, HANDBOOK)
_NUMBER: Kinds = frozenset((float, NoneType))
_TEXT: Kinds = frozenset((str, NoneType))
_KINDS = {"number": _NUMBER, "string": _TEXT}


class CallerFeatures:
    """Refuses names that no model takes, and text where a number is meant.

    `fetch_schemas` asks the scorers what their models take: a description for each, empty for one
    that is silent. It is only asked about names that are not known yet. While a scorer is
    silent nobody can say what its models take: then an unknown name passes, since a payment
    is not to be refused for what is missing here. A name once fetched stays known, so that a
    model that is being loaded or replaced refuses nobody.
    """

    def __init__(
        self,
        fetch_schemas: Callable[[RequestContext], Awaitable[Descriptions]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch_schemas = fetch_schemas
        self._clock = clock
        self._known: dict[str, Kinds] = {
            f.name: _NUMBER
            for features in SETS
            for f in features.features
            if f.source == "request"
        }
        self._complete = False
        self._fresh_until = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def check(self, given: Values, context: RequestContext) -> None:
        """Raises InvalidInput naming each feature that is unknown or of another kind."""
        if not given or self._fit(given):
            return
        await self._refresh(context)
        wrong = list(islice(self._problems(given), MOST_LISTED))
        if wrong:
            raise InvalidInput(errors=wrong)

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    def _fit(self, given: Values) -> bool:
        known = self._known
        return all(type(value) in known.get(name, ()) for name, value in given.items())

    def _problems(self, given: Values) -> Iterator[tuple[str, str]]:
        for name, value in given.items():
            kinds = self._known.get(name)
            # The name is the caller's own: it is shown as far as any field's may be.
            field = field_name(("features", name))
            if kinds is None:
                if self._complete:
                    yield field, "is not a feature that any model takes"
            elif type(value) not in kinds:
                yield field, f"must be a {'text' if str in kinds else 'number'} or null"

    async def _refresh(self, context: RequestContext) -> None:
        """Fetch from the scorers, unless just done; at most one asks, and all wait for it."""
        if self._fetching is None and self._clock() >= self._fresh_until:
            self._fetching = asyncio.create_task(self._fetch(context))
        if self._fetching is not None:
            left_ms = context.deadline.capped(WAIT_MS).remaining_ms()
            await asyncio.wait({self._fetching}, timeout=left_ms / 1000)

    async def _fetch(self, context: RequestContext) -> None:
        self._complete = False
        try:
            described = await self._fetch_schemas(context)
            for name, kinds in _taken(described.values()):
                self._known[name] = self._known.get(name, kinds) | kinds
            self._complete = all(described.values())
        except (
            Exception
        ) as error:  # a description that cannot be read describes nothing
            log.warning("feature_schemas_not_fetched", exception=type(error).__name__)
        finally:
            self._fresh_until = self._clock() + FRESH_FOR_S
            self._fetching = None


def _taken(
    descriptions: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, Kinds]]:
    """Names and kinds of what the loaded models take, but for the sets computed here."""
    computed_here = {features.hash for features in SETS}
    for description in descriptions:
        for slot in description.get("models", ()):
            current = slot["current"]
            if current is None or _set_hash(current) in computed_here:
                continue
            for name, schema in current["instance"]["properties"].items():
                for variant in schema.get("anyOf", (schema,)):
                    if variant["type"] in _KINDS:
                        yield name, _KINDS[variant["type"]]


def _set_hash(current: Mapping[str, Any]) -> str | None:
    metadata: Mapping[str, Any] = current.get("metadata", {})
    found: str | None = metadata.get("feature_set", {}).get("hash")
    return found
