"""Champion and challenger: which accounts are decided on the challenger's score.

An account stays on its side, whatever instance serves it and for as long as the share
stays; a larger share only adds accounts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from fraud_shared.contracts.decision import RiskModel
from fraud_shared.contracts.signal import Signal

ChallengerMode = Literal["off", "shadow", "share"]
CHALLENGER: RiskModel = "lightgbm"


@dataclass(frozen=True, slots=True)
class Challenger:
    """`shadow`: scored and recorded, decides nothing. `share`: decides for `share` of the
    accounts, from 0 to 1."""

    mode: ChallengerMode
    share: float

    @property
    def asked(self) -> bool:
        """Whether the challenger scores at all."""
        return self.mode != "off"

    def has(self, account_id: str) -> bool:
        """Whether this account is to be decided on the challenger's score."""
        if self.mode != "share":
            return False
        digest = sha256(b"challenger:" + account_id.encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.share * 2**64

    def decides(self, account_id: str, signals: Sequence[Signal]) -> RiskModel | None:
        """Whose score decides: the challenger's, or None for the policy's own model.

        A challenger that did not score decides nothing: the champion has an answer.
        """
        scored = any(s.source == CHALLENGER and s.outcome == "scored" for s in signals)
        return CHALLENGER if scored and self.has(account_id) else None
