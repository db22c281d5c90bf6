"""A model's request schema, made from its own `feature_registry.json`.

{"feature_set", "version", "hash",
 "feature_columns":      names in model order,
 "numeric_features":     names whose value is a number,
 "categorical_features": names whose value is a text,
 "categories":           for each of those, the texts that training knew, in code order}

Numbers enter the model as they are, a text as its place in `categories`; null, and a text
that training never saw, enter as NaN: unknown. Another registry is another schema, with no
change of code.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from types import NoneType
from typing import Annotated, Any, Self, cast

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)

from fraud_scoring.artifacts.metadata import Document, FeatureColumn, FeatureSetRef
from fraud_scoring.serving.scorer import Floats32
from fraud_shared.contracts.base import Identifier, Sha256

FILE = "feature_registry.json"
# A thousand empty rows of 432 features would be a second of work and 30 MB of errors.
MAX_PROBLEMS = 1000
_NUMBERS = frozenset((float, int, NoneType))

Category = Annotated[str, StringConstraints(max_length=128)]
Columns = Annotated[tuple[FeatureColumn, ...], Field(max_length=512)]


class FeatureRegistry(Document):
    """`feature_registry.json`: what a caller must send, and how it becomes numbers."""

    feature_set: Identifier
    version: Identifier
    hash: Sha256
    feature_columns: Annotated[Columns, Field(min_length=1)]
    numeric_features: Columns
    categorical_features: Columns = ()
    categories: dict[FeatureColumn, tuple[Category, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        numeric, categorical = (
            set(self.numeric_features),
            set(self.categorical_features),
        )
        columns = set(self.feature_columns)
        if len(columns) != len(self.feature_columns):
            raise ValueError("a feature is listed twice")
        if numeric & categorical or numeric | categorical != columns:
            raise ValueError("each feature is either numeric or categorical")
        if set(self.categories) != categorical:
            raise ValueError("categories are given for the categorical features only")
        if any(len(set(known)) != len(known) for known in self.categories.values()):
            raise ValueError("a category is listed twice")
        return self

    @classmethod
    def of(
        cls,
        feature_set: FeatureSetRef,
        columns: Sequence[str],
        categories: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """The registry of these columns; those not in `categories` are numeric."""
        known = {name: tuple(texts) for name, texts in (categories or {}).items()}
        return cls(
            feature_set=feature_set.name,
            version=feature_set.version,
            hash=feature_set.hash,
            feature_columns=tuple(columns),
            numeric_features=tuple(name for name in columns if name not in known),
            categorical_features=tuple(name for name in columns if name in known),
            categories=known,
        )


class Instance(BaseModel):
    """One named row: strict types, no other names, no NaN or infinity."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class InstanceProblems(ValueError):
    """Rows that are not as documented: `errors` holds (row, feature, what is wrong)."""

    def __init__(self, errors: Sequence[tuple[int, tuple[str, ...], str]]) -> None:
        super().__init__(f"{len(errors)} field(s) are not as documented")
        self.errors = tuple(errors)


class FeatureSchema:
    """Checks and encodes named rows for one model. Immutable."""

    def __init__(self, registry: FeatureRegistry) -> None:
        self.registry = registry
        self.columns = registry.feature_columns
        self._codes = {
            place: {text: float(code) for code, text in enumerate(known)}
            for place, name in enumerate(self.columns)
            if (known := registry.categories.get(name)) is not None
        }
        self._pick = _picker(self.columns)

    @cached_property
    def request_model(self) -> type[Instance]:
        """One row as a pydantic model: every feature must be named, null is unknown."""
        categorical = set(self.registry.categorical_features)
        # By number, since a column may be named like a method of the model.
        fields: dict[str, Any] = {
            f"column_{place}": (
                (Category if name in categorical else float) | None,
                Field(alias=name),
            )
            for place, name in enumerate(self.columns)
        }
        title = "".join(p.capitalize() for p in self.registry.feature_set.split("_"))
        return create_model(f"{title}Instance", __base__=Instance, **fields)

    def warm(self) -> None:
        """Build what the first request would have to wait for."""
        _ = self._validator, self._json_schema

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of one row."""
        return self._json_schema

    @cached_property
    def _json_schema(self) -> dict[str, Any]:
        schema = self.request_model.model_json_schema(by_alias=True)
        for name in self.registry.categorical_features:
            known = list(self.registry.categories[name])
            schema["properties"][name]["examples"] = known[:5]
        return schema

    def rows(self, instances: Sequence[Any]) -> Floats32:
        """Rows as float32 in model order: each an object by feature name, or an array in
        the order of `feature_columns`. Raises `InstanceProblems` naming every field that
        is missing, not a feature, or of another type, and every array of another length;
        at most `MAX_PROBLEMS` of them.
        """
        glanced = [self._fast_parse(instance) for instance in instances]
        if None in glanced:
            glanced = self._checked(instances)
        picked = cast(list[tuple[Any, ...]], glanced)
        if self._codes:
            picked = [self._encoded(values) for values in picked]
        # What does not fit float32 becomes infinite, and so out of distribution.
        with np.errstate(over="ignore"):
            return np.array(picked, dtype=np.float32)

    def _fast_parse(self, instance: Any) -> tuple[Any, ...] | None:
        """The values of a row of plain finite numbers under just the right names, at half
        the cost of the check. None says nothing but that the check must look."""
        if self._codes or len(instance) != len(self.columns):
            return None
        try:
            values = tuple(instance) if _is_array(instance) else self._pick(instance)
            plain = _NUMBERS.issuperset(map(type, values))
            # An infinity or a NaN among the numbers stays one in their sum.
            finite = plain and math.isfinite(sum(filter(None, values)))
        except (KeyError, OverflowError):
            return None
        return values if finite else None

    def _checked(self, instances: Sequence[Any]) -> list[tuple[Any, ...] | None]:
        wrong = f"An array must hold {len(self.columns)} values, one for each feature"
        lengths = [
            (number, (), wrong)
            for number, instance in enumerate(instances)
            if _is_array(instance) and len(instance) != len(self.columns)
        ]
        if lengths:
            raise InstanceProblems(lengths)
        named = [
            dict(zip(self.columns, i, strict=True)) if _is_array(i) else i
            for i in instances
        ]
        found: list[tuple[int, tuple[str, ...], str]] = []
        for number, row in enumerate(named):
            try:
                self._validator.validate_python(row)
            except ValidationError as error:
                found += _problems(number, error)
            if len(found) >= MAX_PROBLEMS:
                break
        if found:
            raise InstanceProblems(found[:MAX_PROBLEMS])
        return [self._pick(instance) for instance in named]

    def _encoded(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        coded = list(values)
        for place, codes in self._codes.items():
            coded[place] = codes.get(coded[place])
        return tuple(coded)

    @cached_property
    def _validator(self) -> Any:
        return self.request_model.__pydantic_validator__


def _is_array(instance: Any) -> bool:
    return type(instance) is list


def _picker(columns: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Takes the columns out of a row, in order; of one alone `itemgetter` makes no tuple."""
    if len(columns) == 1:
        [only] = columns
        return lambda instance: (instance[only],)
    pick: Callable[[Any], tuple[Any, ...]] = itemgetter(*columns)
    return pick


def _problems(
    number: int, error: ValidationError
) -> list[tuple[int, tuple[str, ...], str]]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [(number, tuple(str(part) for part in e["loc"]), e["msg"]) for e in found]
