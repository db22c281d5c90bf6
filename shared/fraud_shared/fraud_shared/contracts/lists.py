"""Lists in use and the entities they hold, as they are looked at."""

from pydantic import BaseModel, ConfigDict

from fraud_shared.contracts.screening import ListVersion


class RefusedList(BaseModel):
    """A list whose last load was refused; the version in use is older. `files`: those that
    give one list's name to several."""

    model_config = ConfigDict(frozen=True)

    list: str
    code: str
    files: tuple[str, ...] = ()


class SkippedRowView(BaseModel):
    """A row of a list file that was left out: its line or id, and why. It holds no name."""

    model_config = ConfigDict(frozen=True)

    row: str
    code: str


class ListDetail(ListVersion):
    """One list in use, with what identifies its content.

    `rows_skipped`: rows of the file that could not be used; `skipped`: the first 100 of them.
    """

    sha256: str
    dated: str | None
    rows_skipped: int = 0
    skipped: tuple[SkippedRowView, ...] = ()


class ListsView(BaseModel):
    """Lists in use, and what was refused at the last load."""

    model_config = ConfigDict(frozen=True)

    lists: tuple[ListDetail, ...]
    refused: tuple[RefusedList, ...]


class NameView(BaseModel):
    """One name, and what the list says of its worth."""

    model_config = ConfigDict(frozen=True)

    name: str
    quality: str


class IdentifierView(BaseModel):
    """One document or registration number."""

    model_config = ConfigDict(frozen=True)

    kind: str
    value: str


class EntityView(BaseModel):
    """One listed entity in full."""

    model_config = ConfigDict(frozen=True)

    entity_id: str
    list: str
    kind: str
    caption: str
    names: tuple[NameView, ...]
    birth_dates: tuple[str, ...]
    countries: tuple[str, ...]
    programs: tuple[str, ...]
    identifiers: tuple[IdentifierView, ...]
    listed_on: str | None
    lists: tuple[ListVersion, ...]
