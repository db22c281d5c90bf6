"""The base of our errors: what a caller may learn of them, whoever answers the caller."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class FraudError(Exception):
    """The request cannot be served."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    detail: str = "The request could not be served."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.type)
        if detail is not None:
            self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @property
    def title(self) -> str:
        """The first sentence of the class's docstring."""
        return (self.__doc__ or self.type).strip().splitlines()[0].rstrip(".")
