"""Every example of docs/rules.md comes out as the page says."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from fraud_engines.rules.expression import ExpressionError, Language, Trouble
from fraud_engines.rules.fields import declared
from fraud_engines.rules.ruleset import load
from fraud_features.definitions.registry import PAYMENT_FEATURES

PAGE = Path(__file__).parents[4] / "docs" / "rules.md"
TEXT = PAGE.read_text()
FIELDS = declared(PAYMENT_FEATURES)
LANGUAGE = Language(FIELDS, {})


def examples():
    table = TEXT.partition("examples:begin -->")[2].partition("<!-- examples:end")[0]
    for line in table.strip().splitlines()[2:]:
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        source, fields, result, _ = (c.replace("\\|", "|") for c in cells)
        yield source.strip("`"), fields.strip("`"), result


def value_of(name, text):
    if FIELDS[name] == "timestamp":
        return datetime.fromisoformat(text)
    return json.loads(text)


def outcome(source, fields):
    try:
        expression = LANGUAGE.compile(source)
    except ExpressionError:
        return "refused"
    pairs = (field.partition("=") for field in fields.split(", ") if field)
    values = {name: value_of(name, text) for name, _, text in pairs}
    truth = expression.truth(LANGUAGE.activation(values))
    named = {Trouble.UNKNOWN: "unknown", Trouble.FAULT: "error"}
    return named.get(truth, str(truth).lower())


class TestThePage:
    def test_has_examples_of_every_outcome(self):
        results = [result for _, _, result in examples()]
        assert len(results) >= 35
        assert set(results) == {"true", "false", "unknown", "error", "refused"}

    @pytest.mark.parametrize(("source", "fields", "result"), list(examples()))
    def test_says_what_an_example_comes_to(self, source, fields, result):
        assert outcome(source, fields) == result

    def test_shows_a_ruleset_that_loads(self):
        body = TEXT.partition("```yaml\n")[2].partition("```")[0]
        loaded = load(body.encode(), PAYMENT_FEATURES)
        assert yaml.safe_load(body)["rules"][0]["id"] == loaded.rules[0].id

    def test_names_every_field_of_a_payment(self):
        section = TEXT.partition("## Fields")[2]
        own = {name for name in FIELDS if name not in PAYMENT_FEATURES.index}
        assert {name for name in own if f"`{name}`" not in section} == set()
