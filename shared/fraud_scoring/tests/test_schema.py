import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.schema import (
    FeatureRegistry,
    FeatureSchema,
    InstanceProblems,
)

REF = FeatureSetRef(name="test_set", version="1", hash="a" * 64)
COLUMNS = ("Amount", "ProductCD", "schema")
NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-(10**400), 10**400))
KNOWN = {"ProductCD": ("W", "H")}
ROW = {"Amount": 12.5, "ProductCD": "H", "schema": 1}


def schema(columns=COLUMNS, categories=KNOWN):
    return FeatureSchema(FeatureRegistry.of(REF, columns, categories))


class TestRows:
    def test_numbers_as_they_are_texts_by_their_place_null_as_unknown(self):
        rows = schema().rows(
            [ROW, {**ROW, "Amount": None, "ProductCD": "W"}, {**ROW, "ProductCD": None}]
        )
        assert rows.dtype == np.float32
        expected = [[12.5, 1, 1], [np.nan, 0, 1], [12.5, np.nan, 1]]
        np.testing.assert_array_equal(rows, expected)

    def test_a_text_that_training_never_saw_is_unknown(self):
        assert np.isnan(schema().rows([{**ROW, "ProductCD": "new"}])[0, 1])

    def test_the_order_of_names_does_not_matter(self):
        turned = dict(reversed(ROW.items()))
        assert (schema().rows([turned]) == schema().rows([ROW])).all()

    def test_one_feature_alone(self):
        assert schema(("x",), {}).rows([{"x": 2.0}]).tolist() == [[2.0]]

    def test_every_wrong_field_is_named(self):
        bad = {"Amount": "12.5", "ProductCD": 7, "more": 1}
        with pytest.raises(InstanceProblems) as refused:
            schema().rows([ROW, bad, {**ROW, "Amount": True}])
        named = {(row, *place) for row, place, _ in refused.value.errors}
        assert named == {
            (1, "Amount"),
            (1, "ProductCD"),
            (1, "schema"),
            (1, "more"),
            (2, "Amount"),
        }

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", True, [1]])
    def test_what_is_no_number_is_refused(self, value):
        with pytest.raises(InstanceProblems):
            schema().rows([{**ROW, "Amount": value}])

    def test_of_more_than_a_thousand_the_first_are_named(self):
        wide = schema(tuple(f"V{i}" for i in range(400)), {})
        with pytest.raises(InstanceProblems) as refused:
            wide.rows([{}] * 1000)
        assert len(refused.value.errors) == 1000
        assert refused.value.errors[-1][:2] == (2, ("V199",))

    def test_all_of_hundreds_of_fields_are_named(self):
        wide = schema(tuple(f"V{i}" for i in range(432)), {})
        with pytest.raises(InstanceProblems) as refused:
            wide.rows([{}])
        assert len(refused.value.errors) == 432

    @given(
        st.fixed_dictionaries(
            {"x": st.one_of(NUMBERS, st.booleans(), st.text(max_size=3))},
            optional={"y": NUMBERS, "z": NUMBERS},
        )
    )
    def test_numbers_alone_are_held_to_the_same_schema(self, row):
        """Rows of plain numbers take a shorter way, with the same end."""
        numeric = schema(("x", "y"), {})
        try:
            numeric.request_model.model_validate(row)
        except ValidationError:
            with pytest.raises(InstanceProblems):
                numeric.rows([row])
        else:
            with np.errstate(over="ignore"):
                expected = np.array([[row["x"], row["y"]]], dtype=np.float32)
            np.testing.assert_array_equal(numeric.rows([row]), expected)

    @given(
        st.lists(
            st.tuples(
                st.none() | st.floats(-1e6, 1e6), st.sampled_from([None, "W", "H"])
            ),
            min_size=1,
        )
    )
    def test_encoding_follows_the_registry(self, drawn):
        made = [{"Amount": a, "ProductCD": p, "schema": 0} for a, p in drawn]
        rows = schema().rows(made)
        for row, (amount, product) in zip(rows, drawn, strict=True):
            assert np.isnan(row[0]) == (amount is None)
            assert amount is None or row[0] == np.float32(amount)
            code = np.nan if product is None else KNOWN["ProductCD"].index(product)
            np.testing.assert_equal(row[1], np.float32(code))


class TestRegistry:
    @pytest.mark.parametrize(
        "change",
        [
            {"numeric_features": ("Amount",)},
            {"feature_columns": (*COLUMNS, "Amount")},
            {"categories": {}},
            {"categories": {"ProductCD": ("W", "W")}},
            {"categorical_features": ("ProductCD", "Amount")},
        ],
    )
    def test_what_contradicts_itself_is_refused(self, change):
        made = FeatureRegistry.of(REF, COLUMNS, KNOWN).model_dump()
        with pytest.raises(ValidationError):
            FeatureRegistry.model_validate({**made, **change})

    def test_json_schema_says_what_rows_checks(self):
        document = schema().json_schema()
        assert set(document["required"]) == set(COLUMNS)
        assert document["additionalProperties"] is False
        kinds = [kind["type"] for kind in document["properties"]["ProductCD"]["anyOf"]]
        assert kinds == ["string", "null"]


class TestTypes:
    """Yes-or-no features and whole numbers, by rule and not by chance."""

    TYPED = FeatureSchema(
        FeatureRegistry.of(
            REF,
            ("flag", "count", "share"),
            types={"flag": "bool", "count": "int", "share": "float"},
        )
    )

    @pytest.mark.parametrize(
        ("flag", "value"),
        [(True, 1.0), (False, 0.0), (1, 1.0), (0, 0.0), (1.0, 1.0), (None, np.nan)],
    )
    def test_boolean_is_true_or_false_or_its_number(self, flag, value):
        rows = self.TYPED.rows([{"flag": flag, "count": 2, "share": 0.5}])
        np.testing.assert_array_equal(rows, np.array([[value, 2.0, 0.5]], np.float32))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("flag", 2),
            ("flag", 0.5),
            ("flag", -1),
            ("flag", "true"),
            ("flag", [1]),
            ("count", 3.5),
            ("count", True),
            ("count", "3"),
            ("share", True),
        ],
    )
    def test_value_of_another_type_is_named(self, field, value):
        row = {"flag": 1, "count": 2, "share": 0.5, field: value}
        for instance in (row, list(row.values())):
            with pytest.raises(InstanceProblems) as refused:
                self.TYPED.rows([instance])
            assert {error[1][0] for error in refused.value.errors} == {field}

    @given(
        st.fixed_dictionaries(
            {
                name: NUMBERS | st.booleans() | st.sampled_from([0, 1, 2.0, 0.5])
                for name in ("flag", "count", "share")
            }
        )
    )
    def test_short_way_ends_as_the_model_of_the_row_does(self, row):
        try:
            self.TYPED.request_model.model_validate(row)
        except ValidationError:
            with pytest.raises(InstanceProblems):
                self.TYPED.rows([row])
        else:
            assert self.TYPED.rows([row]).shape == (1, 3)

    @pytest.mark.parametrize(
        "change",
        [
            {"boolean_features": ("count",)},
            {"integer_features": ("other",)},
            {"limits": {"other": (0.0, 1.0)}},
        ],
    )
    def test_registry_whose_types_contradict_is_refused(self, change):
        made = self.TYPED.registry.model_dump()
        with pytest.raises(ValidationError):
            FeatureRegistry.model_validate({**made, **change})
