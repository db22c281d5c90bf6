"""`POST /invocations`: rows as clients of MLflow's scoring server send them."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.contracts.predict import MAX_INSTANCES

Row = dict[str, Any] | list[Any]
Rows = Annotated[list[Row], Field(min_length=1, max_length=MAX_INSTANCES)]
Name = Annotated[str, Field(max_length=128)]


class DataframeSplit(Contract):
    """A data frame as columns and rows; an index is accepted and ignored."""

    columns: Annotated[list[Name], Field(max_length=1024)]
    data: Annotated[list[list[Any]], Field(min_length=1, max_length=MAX_INSTANCES)]
    index: Annotated[list[Any], Field(max_length=MAX_INSTANCES)] | None = None


class Invocation(Contract):
    """One of the forms of MLflow's protocol; `params.model` names another hosted model
    than the first."""

    dataframe_split: DataframeSplit | None = None
    dataframe_records: Rows | None = None
    instances: Rows | None = None
    inputs: Rows | dict[Name, list[Any]] | None = None
    params: dict[Name, Identifier] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (
            self.dataframe_split,
            self.dataframe_records,
            self.instances,
            self.inputs,
        )
        if sum(form is not None for form in forms) != 1:
            raise PydanticCustomError("invocation", "give exactly one form of rows")
        return self

    def rows(self) -> list[Row]:
        """The rows, as `POST /v1/predict` takes them. Raises ValueError for columns of
        different lengths, or a row of another width than the columns."""
        if self.dataframe_split is not None:
            columns = self.dataframe_split.columns
            return [
                dict(zip(columns, row, strict=True))
                for row in self.dataframe_split.data
            ]
        if isinstance(self.inputs, Mapping):
            columns = list(self.inputs)
            values = zip(*self.inputs.values(), strict=True)
            return [dict(zip(columns, row, strict=True)) for row in values]
        return self.dataframe_records or self.instances or self.inputs or []


class Invoked(Contract):
    """The scores, in the order of the rows; null where the model gave no number."""

    predictions: list[float | None]
