"""What to simulate: one frozen value from which every byte of the stream follows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zlib import crc32

from fraud_ops.simulate.sanctioned_names import SANCTIONED_NAMES

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

# Share of the fraudulent payments, not of the incidents: one card-testing burst holds
# more payments than one large amount.
SCENARIO_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "large_amount": 0.11,
        "compromised_terminal": 0.20,
        "stolen_card_spending_jump": 0.22,
        "card_testing": 0.19,
        "account_takeover": 0.11,
        "mule_fan_in_out": 0.14,
        "sanctioned_counterparty": 0.03,
    }
)

# Of hexadecimal: many digits may look like a card number, and are refused for it.
LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """The whole input of a simulation.

    `payments` is exact. `accounts` defaults to one per 100 payments, so that an account
    is about as busy in a short run as in a long one of the same `days`. `fraud_rate` is
    the share of payments that are fraudulent; `false_reports` the share of good card payments
    that are reported as fraud and cleared later. `logins` is the share of payments of the
    bank's own channels before which the login is sent as well; these are no payments and
    count besides. `start` is a midnight in UTC.
    `begins` are the days before which a scenario does not happen.
    """

    seed: int = 1
    payments: int = 300_000
    start: datetime = datetime(2025, 10, 6, tzinfo=UTC)
    days: int = 120
    accounts: int | None = None
    fraud_rate: float = 0.006
    false_reports: float = 0.0003
    logins: float = 0.0
    scenarios: Mapping[str, float] = field(default_factory=lambda: SCENARIO_SHARES)
    listed_names: tuple[str, ...] = SANCTIONED_NAMES
    begins: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seed < 0 or self.payments < 1 or self.days < 1:
            raise ValueError("seed must be >= 0, payments and days >= 1")
        if self.accounts is not None and self.accounts < 20:
            raise ValueError("accounts must be >= 20")
        if not 0.0 <= self.fraud_rate <= 0.5:
            raise ValueError("fraud_rate must lie in [0, 0.5]")
        if not 0.0 <= self.logins <= 1.0:
            raise ValueError("logins must lie in [0, 1]")
        if not 0.0 <= self.false_reports <= 0.1:
            raise ValueError("false_reports must lie in [0, 0.1]")
        if self.start.utcoffset() != timedelta(0) or self.start.time() != _MIDNIGHT:
            raise ValueError("start must be a midnight in UTC")
        if unknown := set(self.scenarios) - set(SCENARIO_SHARES):
            raise ValueError(f"unknown scenarios: {', '.join(sorted(unknown))}")
        if any(not 0 <= share < math.inf for share in self.scenarios.values()):
            raise ValueError("scenarios must have finite shares >= 0")
        if unknown := set(self.begins) - set(SCENARIO_SHARES):
            raise ValueError(f"unknown scenarios: {', '.join(sorted(unknown))}")
        if any(not 0 <= day < self.days for day in self.begins.values()):
            raise ValueError("begins must be days of the simulation")
        if not self.listed_names:
            raise ValueError("listed_names must not be empty")

    @property
    def population(self) -> int:
        """How many accounts there are."""
        return self.accounts or max(40, self.payments // 100)

    @property
    def horizon_ms(self) -> int:
        """Length of the simulated period in milliseconds."""
        return self.days * DAY_MS

    @property
    def fingerprint(self) -> str:
        """Eight letters that stand for everything above: payments of two different
        simulations never share an id."""
        shares = sorted(self.scenarios.items())
        text = repr(
            [
                *(self.seed, self.payments, self.start.isoformat(), self.days),
                *(self.population, self.fraud_rate, self.false_reports),
                *(shares, self.listed_names),
                *sorted(self.begins.items()),
            ]
        )
        return f"{crc32(text.encode()):08x}".translate(LETTERS)


_MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC).time()
