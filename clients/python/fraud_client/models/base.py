"""The base of every reply, and pages of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

Item = TypeVar("Item")
JsonObject = dict[str, Any]


class Reply(BaseModel):
    """The base: frozen, tolerant of fields it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="allow", protected_namespaces=(), hide_input_in_errors=True
    )


class Page(Reply, Generic[Item]):
    """One page of a list; `next_cursor` is None on the last one."""

    items: Sequence[Item] = ()
    next_cursor: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _list_as_page(cls, value: Any) -> Any:
        return {"items": value} if isinstance(value, list) else value

    def __iter__(self) -> Iterator[Item]:  # type: ignore[override]
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
