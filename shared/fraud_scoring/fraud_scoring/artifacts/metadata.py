"""What an artefact says of itself: `manifest.json`, `metadata.json`, `golden.json`."""

from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from fraud_shared.contracts.base import Identifier, Sha256
from fraud_shared.contracts.signal import ModelSource

# One path segment each, so that no name can leave the folder it is joined to.
ModelName = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
]
ModelVersion = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[a-z0-9][a-z0-9.-]*$")
]
FileName = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*\.[a-z]{2,4}$")
]
FeatureColumn = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Document(BaseModel):
    """A frozen part of an artefact: unknown fields and NaN are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )


class FileEntry(Document):
    """One signed file: its SHA-256 and its size in bytes."""

    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class Manifest(Document):
    """What is signed. `counter` grows with each version of a model, so that an old
    artefact cannot pass for a new one."""

    format: Literal[1]
    name: ModelName
    version: ModelVersion
    counter: Annotated[int, Field(ge=1)]
    bundle: Identifier
    created_at: AwareDatetime
    files: Annotated[dict[FileName, FileEntry], Field(min_length=1, max_length=32)]


class FeatureSetRef(Document):
    """The feature set a model was trained on."""

    name: Identifier
    version: Identifier
    hash: Sha256


class FeatureStatistics(Document):
    """Per feature, over the known values of the training rows, in feature order.

    A feature that was never known has None for all but `known`, the share of rows in
    which it was known. `minimum` and `maximum` are None throughout where a range does not
    make a value ordinary (see `fraud_scoring.serving.model.Limits`).
    """

    minimum: tuple[float | None, ...]
    maximum: tuple[float | None, ...]
    mean: tuple[float | None, ...]
    std: tuple[float | None, ...]
    median: tuple[float | None, ...]
    known: tuple[float, ...]


class Training(Document):
    """What the model was trained on, and when."""

    trained_at: AwareDatetime
    data_version: Identifier
    seed: int
    rows: Annotated[int, Field(ge=1)]
    frauds: Annotated[int, Field(ge=0)]
    first_payment: AwareDatetime
    last_payment: AwareDatetime
    label_delay_days: Annotated[float, Field(ge=0)]
    unknown_share: Annotated[float, Field(ge=0, le=1)]


class Metadata(Document):
    """`metadata.json`. `ood_z`: a value beyond the training range (where there is one) and
    more than this many training standard deviations from the mean counts as out of
    distribution."""

    name: ModelName
    source: ModelSource
    raw_name: Literal["if_score", "ae_error", "fraud_score"]
    algorithm: Annotated[str, Field(max_length=128)]
    feature_set: FeatureSetRef
    features: Annotated[tuple[FeatureColumn, ...], Field(min_length=1, max_length=512)]
    statistics: FeatureStatistics
    ood_z: Annotated[float, Field(gt=0)]
    training: Training
    libraries: dict[str, str]
    parameters: dict[str, float | int | str | bool]
    metrics: dict[str, float]
    importance: dict[FeatureColumn, float]

    @model_validator(mode="after")
    def _same_width(self) -> Self:
        width = len(self.features)
        columns = self.statistics
        if any(
            len(column) != width
            for column in (
                columns.minimum,
                columns.maximum,
                columns.mean,
                columns.std,
                columns.median,
                columns.known,
            )
        ):
            raise ValueError("statistics and features differ in length")
        return self


class Golden(Document):
    """`golden.json`: rows with the raw score that the *training* library gave them.

    A loaded model must give |raw - expected| <= tolerance * max(1, |expected|).
    """

    rows: Annotated[
        tuple[tuple[float | None, ...], ...], Field(min_length=2, max_length=1000)
    ]
    raw: tuple[float, ...]
    score: tuple[float, ...]
    labels: tuple[bool, ...]
    tolerance: Annotated[float, Field(gt=0, le=1e-3)]

    @model_validator(mode="after")
    def _same_height(self) -> Self:
        if not len(self.rows) == len(self.raw) == len(self.score) == len(self.labels):
            raise ValueError("golden rows, scores and labels differ in number")
        return self
