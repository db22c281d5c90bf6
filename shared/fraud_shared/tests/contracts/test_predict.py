"""A request recognised at a glance is one the contract takes, and the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_shared.contracts.predict import PredictRequest, fast_parse

VALUES = st.none() | st.floats(allow_nan=False) | st.text(max_size=3) | st.booleans()
ROWS = st.lists(VALUES, max_size=3) | st.dictionaries(st.text(max_size=3), VALUES)
MODELS = st.sampled_from(("xgboost", "a" * 128, "a" * 129, "", "a b", "a\n", "_a"))
DOCUMENTS = st.fixed_dictionaries(
    {"model": MODELS | VALUES, "instances": st.lists(ROWS | VALUES, max_size=3) | ROWS},
    optional={"more": VALUES},
)


@given(DOCUMENTS)
def test_a_glance_takes_what_the_contract_takes(document: dict[str, Any]) -> None:
    glanced = fast_parse(document)
    try:
        checked = PredictRequest.model_validate_json(json.dumps(document))
    except ValidationError:
        assert glanced is None
    else:
        assert glanced == checked


@pytest.mark.parametrize("rows", [0, 1, 1000, 1001])
def test_up_to_a_thousand_rows(rows: int) -> None:
    document = {"model": "xgboost", "instances": [[1.0]] * rows}
    assert (fast_parse(document) is not None) == (0 < rows <= 1000)


@pytest.mark.parametrize("document", [None, [], "model", {}, {"model": "xgboost"}])
def test_anything_else_is_left_to_the_contract(document: Any) -> None:
    assert fast_parse(document) is None
