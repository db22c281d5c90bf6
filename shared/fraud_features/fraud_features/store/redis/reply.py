"""The answer of the observe script: one packed line of whole numbers."""

from struct import Struct

from fraud_features.store.schema import SLOT, SLOTS

# An answer: warm, three blocks, two counters, then the slots. What is unknown is UNKNOWN.
UNKNOWN = -(1 << 31)
_REPLY_HEAD = ("i4", "i4", "i4", "i4", "i4", "i8")
REPLY_HEAD = len(_REPLY_HEAD)
_LONG_ENDS = ("_sum", "_hi", "_lo", "_t")


def _reply_types() -> tuple[str, ...]:
    def is_long(slot: str) -> bool:
        return "_total_" in slot or "_top_" in slot or slot.endswith(_LONG_ENDS)

    return (*_REPLY_HEAD, *("i8" if is_long(slot) else "i4" for slot in SLOTS))


REPLY_TYPES = _reply_types()
REPLY = Struct("<" + "".join("q" if kind == "i8" else "i" for kind in REPLY_TYPES))


def slot(name: str) -> int:
    """Where a slot is in the answer, counted from 1."""
    return 1 + REPLY_HEAD + SLOT[name]
