"""Why a list is not taken."""

from typing import Literal

RefusalCode = Literal[
    "LIST_MISSING",
    "LIST_EMPTY",
    "LIST_CORRUPT",
    "LIST_TRUNCATED",
    "LIST_SHRUNKEN",
    "LIST_CHECKSUM",
    "LIST_UNKNOWN_FORMAT",
]


class ListRefused(Exception):
    """A list that must not be used; the one in use stays."""

    def __init__(self, list_id: str, code: RefusalCode) -> None:
        super().__init__(f"{list_id}: {code}")
        self.list_id = list_id
        self.code: RefusalCode = code
