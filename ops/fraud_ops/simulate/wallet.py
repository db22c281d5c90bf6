"""Cards: a token, a BIN and the last four digits; a lost card is replaced by a new one."""

from hashlib import blake2b
from typing import Any

from fraud_ops.simulate.config import LETTERS
from fraud_ops.simulate.people import People

# 9 is the national-use range of ISO/IEC 7812: no scheme issues cards under it.
_BINS = {"debit": 990_100, "credit": 990_500}


class Wallet:
    """The current cards of every account: slot 0 debit, slot 1 credit."""

    def __init__(self, seed: int, people: People) -> None:
        self._seed = seed
        self._people = people
        self._generation: dict[tuple[int, int], int] = {}
        self._parts: dict[tuple[int, int], dict[str, dict[str, Any]]] = {}

    def part(self, account: int, slot: int, entry_mode: str) -> dict[str, Any]:
        """The message part of a card as used in one entry mode."""
        modes = self._parts.get((account, slot))
        if modes is None:
            modes = self._parts[account, slot] = {}
        part = modes.get(entry_mode)
        if part is None:
            part = modes[entry_mode] = self._card(account, slot, entry_mode)
        return part

    def reissue(self, account: int) -> None:
        """Replaces both cards of an account, as a bank does after a theft."""
        for slot in (0, 1):
            key = (account, slot)
            self._generation[key] = self._generation.get(key, 0) + 1
            self._parts.pop(key, None)

    def _card(self, account: int, slot: int, entry_mode: str) -> dict[str, Any]:
        generation = self._generation.get((account, slot), 0)
        text = f"{self._seed}:{account}:{slot}:{generation}"
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        bin_ = _BINS["credit" if slot else "debit"] + int(self._people.city[account])
        return {
            "token": f"tok_{digest[:26].translate(LETTERS)}",
            "bin": str(bin_),
            "last4": f"{int(digest[26:], 16) % 10_000:04d}",
            "entry_mode": entry_mode,
        }
