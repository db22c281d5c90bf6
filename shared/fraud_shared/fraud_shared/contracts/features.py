"""The feature vector: values in registry order, with the name and hash of that registry."""

from typing import Annotated

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Sha256


class FeatureVector(Contract):
    """Values in registry order. `None` is *unknown*, which is never the same as zero."""

    feature_set: Identifier
    version: Identifier
    hash: Sha256
    values: Annotated[tuple[float | None, ...], Field(max_length=512)]
