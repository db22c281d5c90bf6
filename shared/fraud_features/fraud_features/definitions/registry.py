"""The registry: each feature once, and everything that follows from it.

`BANK` is the feature set of the payment models and the rules. `FeatureSet` serves for
others too: see `request_set` for models whose inputs the caller computes.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

from pydantic import Field, create_model

from fraud_features.definitions.currency import RATES_VERSION
from fraud_features.definitions.expression import (
    ONLINE_SOURCES,
    Raw,
    Values,
    compile_features,
)
from fraud_features.definitions.facts import Facts, facts_of
from fraud_features.definitions.feature import Feature, FeatureType
from fraud_features.definitions.handbook import HANDBOOK_ROWS, HANDBOOK_VERSION
from fraud_features.definitions.maths import MATHS_VERSION
from fraud_features.definitions.payment_features import (
    PAYMENT_FEATURE_ROWS,
    PAYMENT_FEATURES_VERSION,
)
from fraud_features.store.observation import Observation
from fraud_shared.contracts.base import Contract
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.transaction import Transaction


class FeatureSet:
    """An ordered, versioned, hashed list of features, and the vectors made from it."""

    def __init__(self, name: str, version: str, features: Iterable[Feature]) -> None:
        self.name = name
        self.version = version
        self.features = tuple(features)
        self.names: tuple[str, ...] = tuple(f.name for f in self.features)
        self.types: dict[str, FeatureType] = {f.name: f.type for f in self.features}
        self.index: dict[str, int] = {n: i for i, n in enumerate(self.names)}
        if len(self.index) != len(self.names):
            raise ValueError("a feature name appears twice")
        self.needs_online = any(f.source in ONLINE_SOURCES for f in self.features)
        self.values_online, self.values_offline = compile_features(self.features)
        self.hash = sha256(_canonical(self._content())).hexdigest()

    def vector(
        self, payment: Transaction, observation: Observation | None
    ) -> FeatureVector:
        """The model input for a payment; without an observation (or with one from a cold
        store) every velocity, profile and risk feature is None: unknown, never zero."""
        known = observation is not None and observation.known
        raw = observation.raw if observation is not None and known else None
        return FeatureVector(
            feature_set=self.name,
            version=self.version,
            hash=self.hash,
            values=self.values(facts_of(payment), raw),
        )

    def values(self, facts: Facts, raw: Raw | None) -> Values:
        """The bare values in registry order, for callers that already have facts."""
        return (
            self.values_offline(facts)
            if raw is None
            else self.values_online(facts, raw)
        )

    def named(self, vector: FeatureVector) -> dict[str, float | None]:
        """A vector as name to value; raises ValueError for another set's vector."""
        if vector.hash != self.hash:
            raise ValueError("the vector belongs to another feature set")
        return dict(zip(self.names, vector.values, strict=True))

    @cached_property
    def request_model(self) -> type[Contract]:
        """A pydantic model with one optional number per feature: unknown names, text and
        NaN are refused, and the error names the field."""
        fields: dict[str, Any] = {
            f.name: (float | None, Field(default=None, description=f.description))
            for f in self.features
        }
        title = "".join(part.capitalize() for part in self.name.split("_"))
        return create_model(f"{title}Features", __base__=Contract, **fields)

    def from_mapping(self, values: Mapping[str, float | None]) -> FeatureVector:
        """A vector from name to value. Missing names are unknown; raises pydantic's
        ValidationError for names or values that the set does not have."""
        checked = self.request_model.model_validate(dict(values))
        return FeatureVector(
            feature_set=self.name,
            version=self.version,
            hash=self.hash,
            values=tuple(getattr(checked, name) for name in self.names),
        )

    def export(self) -> dict[str, Any]:
        """The content of `feature_registry.json`."""
        return {**self._content(), "hash": self.hash}

    def to_json(self) -> str:
        """`feature_registry.json`: stable text, ends with a newline."""
        return json.dumps(self.export(), indent=2, ensure_ascii=False) + "\n"

    def docs_table(self) -> str:
        """A Markdown table of the features, for README and model cards."""
        lines = ["| # | feature | type | source | unit | meaning |", "|" + "---|" * 6]
        lines += (
            f"| {i} | `{f.name}` | {f.type} | {f.source} | {f.unit} | {f.description} |"
            for i, f in enumerate(self.features)
        )
        return "\n".join(lines) + "\n"

    def _content(self) -> dict[str, Any]:
        return {
            "feature_set": self.name,
            "version": self.version,
            "rates_version": RATES_VERSION,
            "maths_version": MATHS_VERSION,
            "features": [
                {
                    "name": f.name,
                    "type": f.type,
                    "source": f.source,
                    "expression": f.expression,
                    "unit": f.unit,
                    "default": f.default,
                    "description": f.description,
                }
                for f in self.features
            ],
        }


def request_set(name: str, version: str, columns: Iterable[str]) -> FeatureSet:
    """A set of numbers that the caller computes and sends in `Transaction.features`."""
    return FeatureSet(
        name,
        version,
        (
            Feature(
                c,
                "float",
                "request",
                f"given(request, {c!r})",
                "",
                "sent by the caller",
            )
            for c in columns
        ),
    )


def _canonical(content: Mapping[str, Any]) -> bytes:
    # Descriptions may be reworded without another model: they are not hashed.
    features = [
        {key: value for key, value in feature.items() if key != "description"}
        for feature in content["features"]
    ]
    hashed = {**content, "features": features}
    return json.dumps(hashed, sort_keys=True, separators=(",", ":")).encode()


PAYMENT_FEATURES = FeatureSet(
    "bank", PAYMENT_FEATURES_VERSION, (Feature(*row) for row in PAYMENT_FEATURE_ROWS)
)
CREDIT_CARD = request_set(
    "credit_card", "1", ("Time", *(f"V{i}" for i in range(1, 29)), "Amount")
)
HANDBOOK = FeatureSet(
    "handbook", HANDBOOK_VERSION, (Feature(*row) for row in HANDBOOK_ROWS)
)
