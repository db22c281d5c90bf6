"""The online store's port: what every executor does, and the errors it may raise.

Executors: `fraud_features.store.memory.store` (in-process) and `fraud_features.store.redis.store`;
`fraud_features.store.open_store` chooses one by URL. The maths contract that both keep is in
this distribution's README.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fraud_features.store.observation import LabelEffect, Observation
from fraud_shared.contracts.action import BlockKind
from fraud_shared.contracts.transaction import Transaction

# Kind and id of an entity.
Named = tuple[str, str]


class OnlineStoreUnavailable(Exception):
    """The online store did not answer in time. Velocity is unknown, which is not zero."""


class OnlineStoreRefusal(OnlineStoreUnavailable):
    """The store answers, but cannot do this call, now or later."""


class OnlineStore(Protocol):
    """State of accounts, cards, devices, addresses, merchants and terminals.

    Every method may raise `OnlineStoreUnavailable`; nothing else, and never late.
    """

    async def observe(self, payment: Transaction) -> Observation:
        """Add the payment and read everything about it, in one round trip.

        A repeat of a `transaction_id` moves nothing and returns what the first returned,
        marked as a repeat.
        """
        ...

    async def peek(self, payment: Transaction) -> Observation:
        """What `observe` would return, and nothing moves: for questions, not payments."""
        ...

    async def apply_label(self, label: LabelEffect) -> None:
        """Let an outcome count in the risk of the places where the payment was made."""
        ...

    async def put_block(self, kind: BlockKind, key: str, until: datetime) -> None:
        """Block a card, account or device until then; a later call replaces it."""
        ...

    async def drop_block(self, kind: BlockKind, key: str) -> None:
        """Lift a block; lifting none is no error."""
        ...

    async def note_stand_in(
        self, account_id: str, amount_ref_minor: int, *, full: bool
    ) -> None:
        """Count an approval without full evidence; `full=True` starts again at zero."""
        ...

    async def forget(self, own: Sequence[Named], shared: Sequence[Named]) -> None:
        """Remove all that is kept of an account and of cards and devices that nobody else
        uses (`own`), blocks included; in what `shared` entities saw they become somebody
        without a name, who counts as before. Repeating it changes nothing."""
        ...

    async def mark_warm(self) -> None:
        """Declare the state complete: a new and truly empty system, or after a rebuild."""
        ...

    async def is_warm(self) -> bool:
        """Whether the state was declared complete and has not been emptied since."""
        ...

    async def reset(self) -> None:
        """Forget everything but blocks, in one step, and be cold: before a rebuild.

        Blocks do not follow from decisions; whoever set them keeps them up.
        """
        ...

    async def ping(self) -> bool:
        """Whether the store answers. Raises nothing."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
