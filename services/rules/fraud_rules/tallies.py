"""What rules did since the totals were written last, by version of the ruleset."""

from collections.abc import Mapping

from fraud_rules.store import Tally
from fraud_shared.contracts.signal import RulesResult

# The row that counts payments.
EVERY_PAYMENT = "*"
Counted = dict[tuple[str, str], Tally]


class Tallies:
    """Counts in memory, one payment after another; `time_every`: one payment in so many is
    timed."""

    def __init__(self, time_every: int) -> None:
        self._time_every = time_every
        self._payments = 0
        self._version = 0
        self._by_version: dict[int, Counted] = {}

    def add(self, version: int, result: RulesResult) -> None:
        """Count one payment."""
        self._payments += 1
        self._version = version
        self._of(EVERY_PAYMENT, "live").hits += 1
        for state, hits in (
            ("live", (*result.hits, *result.overridden)),
            ("shadow", result.shadow),
        ):
            for hit in hits:
                if hit.kind == "list":
                    # Entries come and go; their list stays.
                    self._of(hit.rule.partition("@")[0], state).hits += 1
                elif hit.kind == "match":
                    self._of(hit.rule, state).hits += 1
                elif state == "shadow":
                    self._of(hit.rule, state).errors += 1
        for rule in result.errors:
            self._of(rule, "live").errors += 1

    def times_next(self) -> bool:
        """Whether the payment that was counted last is one of those that are timed."""
        return self._payments % self._time_every == 0

    def add_times(self, micros: Mapping[str, float]) -> None:
        """Add what each rule took."""
        for rule, taken in micros.items():
            tally = self._of(rule, "live")
            tally.timed += 1
            tally.micros += taken

    def take(self) -> dict[int, Counted]:
        """What was counted, which is then no longer here."""
        taken, self._by_version = self._by_version, {}
        return taken

    def put_back(self, version: int, counted: Counted) -> None:
        """What could not be written."""
        for (rule, state), more in counted.items():
            tally = self._of(rule, state, version)
            tally.hits += more.hits
            tally.errors += more.errors
            tally.timed += more.timed
            tally.micros += more.micros

    def _of(self, rule: str, state: str, version: int | None = None) -> Tally:
        counted = self._by_version.setdefault(version or self._version, {})
        return counted.setdefault((rule, state), Tally())
