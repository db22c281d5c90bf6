"""Which lists are fetched, and from where: a YAML file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

SHIPPED = Path(__file__).parent / "sources.yaml"
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class ListSource(BaseModel):
    """One list: a file of the folder, and the address it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.\w+)?\.(xml|csv|json|jsonl)$"
        ),
    ]
    url: Annotated[str, Field(pattern=r"^https?://")]
    sha256_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    max_mb: Annotated[float, Field(gt=0)] = 200.0
    enabled: bool = True

    @property
    def list_id(self) -> str:
        """The list's name in every answer."""
        return self.file.partition(".")[0]


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
