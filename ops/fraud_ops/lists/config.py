"""Which lists are fetched, and from where: a YAML file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fraud_ops.lists.folder import Place
from fraud_sanctions.lists.catalogue import family

SHIPPED = Path(__file__).parent / "sources.yaml"
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


FileName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.\w+)?\.(xml|csv|json|jsonl)$"),
]
Url = Annotated[str, Field(pattern=r"^https?://")]


class ListFile(BaseModel):
    """One file, and the address it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: FileName
    url: Url
    sha256_url: Url | None = None


class ListSource(BaseModel):
    """One list: a file of the folder and its address, or a family of files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: FileName | None = None
    url: Url | None = None
    sha256_url: Url | None = None
    list: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")] | None = (
        None
    )
    files: tuple[ListFile, ...] = ()
    max_mb: Annotated[float, Field(gt=0)] = 200.0
    enabled: bool = True

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.files:
            if self.file or self.url or self.sha256_url:
                raise ValueError("either file and url, or files")
            if len(family(one.file for one in self.files)) != len(self.files):
                raise ValueError("files must be one family, each file once")
        elif not self.file or not self.url:
            raise ValueError("file and url are needed")
        elif self.list and not family([self.file]):
            raise ValueError("a single file is named by its own name")
        return self

    @property
    def parts(self) -> tuple[ListFile, ...]:
        """Every file of the list; each is at most `max_mb`."""
        if self.files:
            return self.files
        assert self.file is not None
        assert self.url is not None
        return (ListFile(file=self.file, url=self.url, sha256_url=self.sha256_url),)

    @property
    def place(self) -> Place:
        """Where the files belong."""
        return Place.of([part.file for part in self.parts], self.list or "")

    @property
    def list_id(self) -> str:
        """The list's name in every answer."""
        return self.place.list_id


class ListSources(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lists: tuple[ListSource, ...]


def read_sources(path: Path = SHIPPED) -> ListSources:
    """The file's lists. Raises OSError, yaml.YAMLError or pydantic.ValidationError."""
    return ListSources.model_validate(yaml.safe_load(path.read_text("utf-8")))


def expanded(url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The URL with its `${NAME}`s filled in, or None when one of them is not set."""
    wanted = _VARIABLE.findall(url)
    if not all(environment.get(name) for name in wanted):
        return None
    return _VARIABLE.sub(lambda match: environment[match[1]], url)
