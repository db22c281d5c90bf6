"""The behavioural profile: what an account has done so far, and how it turned out."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from fraud_shared.contracts.base import Contract, Identifier, NonNegative
from fraud_shared.contracts.iso import CurrencyCode

Count = Annotated[int, Field(ge=0)]


class CurrencyProfile(Contract):
    """Payments of one currency. The mean and the (population) deviation are in minor units
    and leave declined payments out: they describe what the account really pays."""

    currency: CurrencyCode
    payments: Count
    sum_minor: Count
    sum_minor_by_verdict: dict[str, Count]
    mean_minor: NonNegative | None
    deviation_minor: NonNegative | None


class LabelCounts(Contract):
    """Payments by what was reported about them; `pending` has no report yet, of
    `undetermined` what is known says nothing of fraud."""

    fraud: Count
    legitimate: Count
    reversed: Count
    pending: Count
    undetermined: Count = 0


class BehaviourProfile(Contract):
    """`GET /profile/{account_id}`. Every figure is a count, sum, minimum, maximum or set
    size, so it does not depend on the order in which events arrived."""

    account_id: Identifier
    payments: Count
    verdicts: dict[str, Count]
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    currencies: tuple[CurrencyProfile, ...]
    merchants: Count
    devices: Count
    countries: Count
    labels: LabelCounts
