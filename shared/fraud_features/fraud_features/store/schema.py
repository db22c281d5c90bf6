"""What the online store keeps, as tables: every executor is driven by these alone.

The names in `SLOTS` are the integers that an executor returns for one payment, in order.
All lengths are microseconds of event time.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from string import ascii_letters

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LENGTHS: dict[str, int] = {
    "5m": 5 * MINUTE,
    "1h": HOUR,
    "24h": DAY,
    "7d": 7 * DAY,
    "8d": 8 * DAY,
    "14d": 14 * DAY,
    "30d": 30 * DAY,
    "37d": 37 * DAY,
}
# A label is taken to be complete this long after its payment; risk looks no later.
LABEL_DELAY = 7 * DAY
# How far behind an entity's newest payment a late one still gets exact windows.
LATENESS = 7 * DAY
PROFILE_TTL = 400 * DAY
REPLY_TTL = 8 * DAY
# Longest log per entity. Beyond it the oldest events go, and windows that would reach
# back to them are unknown instead of too small.
LOG_CAP = 200_000
# The observe script counts a seen set's newest values in two windows at a time
# (`touch_newest`, `lua_codegen._seen_set`): a third count would not be filled.
MOST_DISTINCT_WINDOWS = 2


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """One event log per value of the fact `key`: counts and sums over `windows`.

    `store` names the log that is read (several specs may share one); `when` says which
    payments enter it: `always`, `small` (card testing amounts) or `never` (read only).
    """

    name: str
    key: str
    windows: tuple[str, ...]
    maxima: tuple[str, ...] = ()
    store: str = ""
    when: str = "always"
    lengths: tuple[int, ...] = field(init=False)
    retention: int = field(init=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.windows, key=LENGTHS.__getitem__, reverse=True)
        lengths = tuple(LENGTHS[window] for window in ordered)
        maxima = sorted(self.maxima, key=LENGTHS.__getitem__, reverse=True)
        object.__setattr__(self, "windows", tuple(ordered))
        object.__setattr__(self, "maxima", tuple(maxima))
        object.__setattr__(self, "store", self.store or self.name)
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "retention", lengths[0] + LATENESS)


@dataclass(frozen=True, slots=True)
class DistinctSpec:
    """When each `value` was last seen with its `owner`: distinct counts and first-seen.

    Raises `ValueError` for more windows than `MOST_DISTINCT_WINDOWS`. Holds the `cap` most recently seen values. `profile` sets are kept as long as the
    profile, the others as long as their longest window.
    """

    owner: str
    value: str
    plural: str
    windows: tuple[str, ...]
    cap: int
    profile: bool = False

    def __post_init__(self) -> None:
        if len(self.windows) > MOST_DISTINCT_WINDOWS:
            raise ValueError(
                f"{self.name}: at most {MOST_DISTINCT_WINDOWS} windows of distinct counts"
            )

    @property
    def name(self) -> str:
        return f"{self.owner}_{self.value}"


@dataclass(frozen=True, slots=True)
class RiskSpec:
    """Labelled frauds of one entity in windows that end one label delay ago."""

    name: str
    windows: tuple[str, ...]


LOGS: tuple[WindowSpec, ...] = (
    WindowSpec(
        "account", "account", ("5m", "1h", "24h", "7d", "30d"), ("24h", "7d", "30d")
    ),
    WindowSpec("card", "card", ("5m", "1h", "24h", "7d", "30d")),
    WindowSpec("device", "device", ("1h", "24h", "7d", "37d")),
    WindowSpec("ip", "ip", ("5m", "1h", "24h")),
    WindowSpec("merchant", "merchant", ("1h", "24h", "7d", "37d")),
    WindowSpec("terminal", "terminal", ("1h", "24h", "7d", "8d", "14d", "37d")),
    WindowSpec("counterparty", "counterparty", ("1h", "24h", "7d", "37d")),
    WindowSpec("card_small", "card", ("1h",), when="small"),
    WindowSpec("merchant_small", "merchant", ("1h",), when="small"),
    # What the paying account itself received: read after a payment to it was logged.
    WindowSpec("received", "account", ("24h",), store="counterparty", when="never"),
)
DISTINCTS: tuple[DistinctSpec, ...] = (
    DistinctSpec("account", "merchant", "merchants", ("24h",), 256, profile=True),
    DistinctSpec("account", "country", "countries", ("24h",), 64, profile=True),
    DistinctSpec(
        "account", "counterparty", "counterparties", ("24h", "7d"), 256, profile=True
    ),
    DistinctSpec("account", "device", "devices", ("7d",), 64, profile=True),
    DistinctSpec("account", "ip", "ips", (), 64, profile=True),
    DistinctSpec("card", "merchant", "merchants", ("1h",), 256),
    DistinctSpec("device", "account", "accounts", ("24h",), 4096),
    DistinctSpec("device", "card", "cards", ("24h",), 4096),
    DistinctSpec("ip", "account", "accounts", ("1h", "24h"), 10_000),
    DistinctSpec("ip", "card", "cards", ("1h",), 10_000),
    DistinctSpec("counterparty", "account", "accounts", ("24h", "7d"), 10_000),
)
RISKS: tuple[RiskSpec, ...] = (
    RiskSpec("terminal", ("24h", "7d", "30d")),
    RiskSpec("merchant", ("30d",)),
    RiskSpec("device", ("30d",)),
    RiskSpec("counterparty", ("30d",)),
)
RISK_RETENTION = LENGTHS["30d"] + LABEL_DELAY + LATENESS

# The account's profile as it stood before the payment. Squares are kept as
# `squares_hi * 10**9 + squares_lo`, so that each half stays exact in Lua.
PROFILE: tuple[str, ...] = (
    "history_payments",
    "typical_n",
    "typical_sum",
    "squares_hi",
    "squares_lo",
    "first_t",
    "last_t",
    "located_t",
    "last_lat",
    "last_lon",
    "hour_before",
    "hour_same",
    "hour_after",
)
SQUARES_BASE = 10**9


def _slots() -> tuple[str, ...]:
    names: list[str] = []
    for log in LOGS:
        for window in log.windows:
            names += (f"{log.name}_n_{window}", f"{log.name}_total_{window}")
        names += (f"{log.name}_top_{window}" for window in log.maxima)
    for seen in DISTINCTS:
        names.append(f"{seen.name}_known")
        names += (f"{seen.owner}_distinct_{seen.plural}_in_{w}" for w in seen.windows)
    names += PROFILE
    for risk in RISKS:
        names += (f"{risk.name}_frauds_{window}" for window in risk.windows)
    return tuple(names)


SLOTS: tuple[str, ...] = _slots()
SLOT: dict[str, int] = {name: index for index, name in enumerate(SLOTS)}


def sees(owner: str, value: str) -> tuple[DistinctSpec, ...]:
    """The seen sets of one kind of entity that hold values of another."""
    return tuple(s for s in DISTINCTS if (s.owner, s.value) == (owner, value))


def entities_of_own(own: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Everything that a person's own account, cards and devices are entities of: an
    account is also who receives."""
    for kind, name in own:
        yield kind, name
        if kind == "account":
            yield "counterparty", name


def unnamed(name: str) -> str:
    """A random text as long as a name, which no entity can have: sets keep their size."""
    return "~" + "".join(secrets.choice(ascii_letters) for _ in name[1:])
