"""What the signer does: moves the aliases of a bundle by signed orders.

Every version is fetched and verified, and every way back is looked up, before the first
alias moves. Each step leaves what is there already, so an order that broke off can be
carried out again.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fraud_ops.jobs.worker import Handler, Progress
from fraud_ops.running import CommandError
from fraud_scoring.registry.aliases import CHALLENGER, CHAMPION, AliasBook
from fraud_scoring.registry.port import ModelRegistry


class OrderRefused(CommandError):
    """The registry is not as the order supposes: nothing was changed."""


Move = tuple[str, str, Callable[[], AliasBook]]


def handlers(
    registry: ModelRegistry, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> dict[str, Handler]:
    """The kinds of orders about models. `registry` was opened with the signing key."""

    def promote(given: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        return _moved(registry, promotions(registry, given["bundle"], now), progress)

    def roll_back(given: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        return _moved(registry, rollbacks(registry, given["bundle"], now), progress)

    return {"promote": promote, "roll_back": roll_back}


def promotions(
    registry: ModelRegistry, bundle: str, now: Callable[[], datetime]
) -> list[Move]:
    """The newest version of each model in a bundle, verified. Raises OrderRefused."""
    moves: list[Move] = []
    for name in registry.models():
        version = _version_in(registry, name, bundle)
        if version is None:
            continue
        alias = followed(registry.aliases(name))

        def promote(
            name: str = name, version: str = version, alias: str = alias
        ) -> AliasBook:
            return registry.promote(name, version, alias, now=now())

        moves.append((name, alias, promote))
    if not moves:
        raise OrderRefused(f"no version of any model is of bundle {bundle}")
    return moves


def rollbacks(
    registry: ModelRegistry, bundle: str, now: Callable[[], datetime]
) -> list[Move]:
    """What each alias that names a bundle named before. Raises OrderRefused when none names
    it, or one named nothing before."""
    moves: list[Move] = []
    for name in registry.models():
        book = registry.aliases(name)
        alias = followed(book)
        there = book.aliases.get(alias)
        if there is None or there.target.bundle != bundle:
            continue
        if not there.history:
            raise OrderRefused(f"{name} {alias} named nothing before this bundle")
        registry.load(name, there.history[-1].version)

        def roll_back(name: str = name, alias: str = alias) -> AliasBook:
            return registry.rollback(name, alias, now=now())

        moves.append((name, alias, roll_back))
    if not moves:
        raise OrderRefused(f"no alias names bundle {bundle} now")
    return moves


def followed(book: AliasBook) -> str:
    """The alias by which a model serves: challenger for one that only answers beside."""
    if CHAMPION not in book.aliases and CHALLENGER in book.aliases:
        return CHALLENGER
    return CHAMPION


def _version_in(registry: ModelRegistry, name: str, bundle: str) -> str | None:
    """The newest version of a model that a bundle holds. Raises what `load` raises for
    one that is not genuine."""
    for version in reversed(registry.versions(name)):
        if registry.load(name, version).manifest.bundle == bundle:
            return version
    return None


def _moved(
    registry: ModelRegistry, moves: list[Move], progress: Progress
) -> dict[str, Any]:
    found = []
    for number, (name, alias, order) in enumerate(moves):
        progress.at(f"{name} {alias}", number / len(moves))
        before = registry.aliases(name).aliases.get(alias)
        book = order()
        target = book.target(alias)
        found.append(
            {
                "name": name,
                "alias": alias,
                "before": None if before is None else before.target.version,
                "after": target.version,
                "bundle": target.bundle,
                "revision": book.revision,
            }
        )
    return {"moved": found}
