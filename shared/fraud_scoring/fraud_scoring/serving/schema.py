"""A model's request schema, made from its own `feature_registry.json`.

{"feature_set", "version", "hash",
 "feature_columns":      names in model order,
 "numeric_features":     names whose value is a number,
 "categorical_features": names whose value is a text,
 "categories":           for each of those, the texts that training knew, in code order,
 "boolean_features", "integer_features": numeric ones that are yes or no, or whole,
 "limits":               the least and greatest value that a numeric one can have}

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
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fraud_scoring.artifacts.metadata import Document, FeatureColumn, FeatureSetRef
from fraud_scoring.serving.scorer import Floats32
from fraud_shared.contracts.base import Identifier, Sha256

FILE = "feature_registry.json"
# A thousand empty rows of 432 features would be a second of work and 30 MB of errors.
MAX_PROBLEMS = 1000
_NUMBERS = frozenset((float, int, NoneType))
_BITS = frozenset((0, 1, None))

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
    # Of the numeric ones: yes or no (true, false, 1, 0), and whole numbers.
    boolean_features: Columns = ()
    integer_features: Columns = ()
    # What a value cannot be beyond, whatever training saw: an hour is 0 to 23.
    limits: dict[FeatureColumn, tuple[float, float]] = Field(default_factory=dict)

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
        booleans, integers = set(self.boolean_features), set(self.integer_features)
        if (
            booleans & integers
            or not (booleans | integers | set(self.limits)) <= numeric
        ):
            raise ValueError("only a numeric feature is boolean, integer or limited")
        return self

    @classmethod
    def of(
        cls,
        feature_set: FeatureSetRef,
        columns: Sequence[str],
        categories: Mapping[str, Sequence[str]] | None = None,
        *,
        types: Mapping[str, str] | None = None,
        limits: Mapping[str, tuple[float, float]] | None = None,
    ) -> Self:
        """The registry of these columns; those not in `categories` are numeric. `types`
        says which of them are `bool` or `int`."""
        kinds = types or {}
        known = {name: tuple(texts) for name, texts in (categories or {}).items()}
        return cls(
            feature_set=feature_set.name,
            version=feature_set.version,
            hash=feature_set.hash,
            feature_columns=tuple(columns),
            numeric_features=tuple(name for name in columns if name not in known),
            categorical_features=tuple(name for name in columns if name in known),
            categories=known,
            boolean_features=tuple(c for c in columns if kinds.get(c) == "bool"),
            integer_features=tuple(c for c in columns if kinds.get(c) == "int"),
            limits={c: limits[c] for c in columns if limits and c in limits},
        )


class Instance(BaseModel):
    """One named row: strict types, no other names, no NaN or infinity."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def _bit(value: Any) -> Any:
    if type(value) is bool:
        return float(value)
    if type(value) not in (int, float) or value not in _BITS:
        raise PydanticCustomError("feature_bool", "must be true or false, 1 or 0")
    return value


def _whole(value: float) -> float:
    if not value.is_integer():
        raise PydanticCustomError("feature_int", "must be a whole number")
    return value


Bit = Annotated[
    float,
    BeforeValidator(_bit),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}]}),
]
Whole = Annotated[
    float, AfterValidator(_whole), WithJsonSchema({"type": "number", "multipleOf": 1})
]


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
        self._kinds: dict[str, Any] = {
            **dict.fromkeys(registry.categorical_features, Category),
            **dict.fromkeys(registry.boolean_features, Bit),
            **dict.fromkeys(registry.integer_features, Whole),
        }
        place = {name: at for at, name in enumerate(self.columns)}
        self._bits = tuple(place[name] for name in registry.boolean_features)
        self._wholes = tuple(place[name] for name in registry.integer_features)

    @cached_property
    def request_model(self) -> type[Instance]:
        """One row as a pydantic model: every feature must be named, null is unknown."""
        # By number, since a column may be named like a method of the model.
        fields: dict[str, Any] = {
            f"column_{place}": (
                self._kinds.get(name, float) | None,
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
            if not finite or not self._as_typed(values):
                return None
        except (KeyError, OverflowError):
            return None
        return values

    def _as_typed(self, values: Sequence[Any]) -> bool:
        """Whether finite numbers are bits and whole numbers where they must be."""
        return all(values[at] in _BITS for at in self._bits) and all(
            value is None or value % 1 == 0
            for value in map(values.__getitem__, self._wholes)
        )

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
