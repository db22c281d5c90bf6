"""Why a list is not taken, and why a row of one is left out."""

from typing import Literal

RefusalCode = Literal[
    "LIST_MISSING",
    "LIST_EMPTY",
    "LIST_CORRUPT",
    "LIST_TRUNCATED",
    "LIST_SHRUNKEN",
    "LIST_CHECKSUM",
    "LIST_UNKNOWN_FORMAT",
    "LIST_DUPLICATE",
]
RowCode = Literal[
    "ROW_UNREADABLE",
    "ROW_COLUMNS",
    "ROW_ID",
    "ROW_KIND",
    "ROW_NAME",
    "ROW_DUPLICATE",
]


class ListRefused(Exception):
    """A list that must not be used; the one in use stays. `files`: between which one has
    to choose."""

    def __init__(
        self, list_id: str, code: RefusalCode, files: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{list_id}: {code}")
        self.list_id = list_id
        self.code: RefusalCode = code
        self.files = files


class RowRefused(Exception):
    """A row that holds no entity; the rest of the list is used."""

    def __init__(self, code: RowCode) -> None:
        super().__init__(code)
        self.code: RowCode = code
