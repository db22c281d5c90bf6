"""What can be set from outside."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from fraud_shared.contracts.screening import LARGEST_BODY
from fraud_shared.state.retaining import kept_for
from fraud_shared.web.settings import ServiceSettings

SAMPLE_LISTS = Path(__file__).parent / "lists" / "samples"
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


@kept_for("sanctions")
class Settings(ServiceSettings):
    """Settings of the sanctions service, prefix `FRAUD_SANCTIONS_`.

    `lists`: a folder of list files; the fictional sample when not set. `possible`, `match`:
    lower ends of the bands, at measured points (README, "Bands"). `accept_lists`: losses to
    start with, as the log names them (`list@version` or `list@none`, by commas).
    `stale_after_hours`: from then on answers say that they are stale. `check_every_s`: how
    often the folder is looked at for new files; 0 is never.
    `party_retention_days`: how long a party is known after its last payment; 0 keeps none,
    and erases those that were kept. `party_queue`: parties that wait to be written.
    `rescreen_share`: share of the time that screening known parties again may take.
    """

    model_config = SettingsConfigDict(env_prefix="FRAUD_SANCTIONS_")

    port: int = 8008
    internal_port: int = 9008
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")

    lists: Path = SAMPLE_LISTS
    accept_lists: str = ""
    possible: Share = 0.43
    match: Share = 0.95
    hits_per_party: Annotated[int, Field(ge=1, le=100)] = 5
    stale_after_hours: Annotated[float, Field(gt=0.0)] = 72.0
    check_every_s: Annotated[float, Field(ge=0.0)] = 60.0
    party_retention_days: Annotated[int, Field(ge=0, le=3650)] = 90
    party_queue: Annotated[int, Field(ge=1)] = 10_000
    rescreen_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.25
    max_body_bytes: int = LARGEST_BODY

    @model_validator(mode="after")
    def _bands_in_order(self) -> Self:
        if self.possible > self.match:
            raise ValueError("possible must not be above match")
        return self

    def unsafe(self) -> list[str]:
        """Fictional lists, by name or content: nobody would be found on them."""
        sample = {path.read_bytes() for path in _files(SAMPLE_LISTS)}
        sizes = {len(content) for content in sample}
        fictional = sorted(
            str(path.relative_to(self.lists))
            for path in _files(self.lists)
            if any(
                p.startswith("fictional") for p in path.relative_to(self.lists).parts
            )
            or (path.stat().st_size in sizes and path.read_bytes() in sample)
        )
        if not fictional:
            return []
        names = ", ".join(fictional)
        return [f"FRAUD_SANCTIONS_LISTS holds fictional lists: {names}"]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
