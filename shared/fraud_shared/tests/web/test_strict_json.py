"""The quick way to read a body may never take what the thorough one refuses."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from fraud_shared.web import strict_json
from fraud_shared.web.problems import InvalidInput, MalformedBody

TRICKY = st.sampled_from((":", '":', '" :', "a", "\\", "\u00e9", "{[", "\ud800"))
TEXTS = st.builds(json.dumps, st.text(max_size=3) | TRICKY)
GAPS = st.sampled_from(("", "", "", " ", "\n", "\t\r"))


def _object(fields: list[tuple[str, str, str, str]]) -> str:
    return "{" + ",".join(f"{k}{a}:{b}{v}" for k, a, b, v in fields) + "}"


def _array(items: list[tuple[str, str]]) -> str:
    return "[" + ",".join(value + gap for value, gap in items) + "]"


# JSON as people write it: spaces anywhere, keys repeated, colons and quotes in texts.
DOCUMENTS = st.recursive(
    TEXTS | st.sampled_from(("0", "1e3", "null", "NaN", "true", "1e999")),
    lambda inner: (
        st.lists(st.tuples(TEXTS, GAPS, GAPS, inner), max_size=4).map(_object)
        | st.lists(st.tuples(inner, GAPS), max_size=4).map(_array)
    ),
    max_leaves=12,
)


@given(DOCUMENTS)
@example('{"a" :1,"a":2}')
@example('{"a":1,"a" :2}')
@example('{"a":{"b":1},"c":[{"b":1},{"b":1,"b":2}]}')
@example('{"a":"\\":", "b" :1, "b":2}')
@example('{"a":1,"\\u0061":2}')
@example('{"a":[1,{"b":1,"b":1}]}')
def test_both_readers_take_and_refuse_alike(text: str) -> None:
    raw = text.encode()
    assert _outcome(strict_json.read, raw) == _outcome(strict_json.read_by_pairs, raw)


@given(st.dictionaries(st.text(), st.floats(allow_nan=False) | st.text()))
def test_both_readers_read_the_same(fields: dict[str, float | str]) -> None:
    raw = json.dumps(fields).encode()
    if "Infinity" not in raw.decode():
        assert strict_json.read(raw) == strict_json.read_by_pairs(raw) == fields


def _outcome(read, raw: bytes) -> str:
    try:
        read(raw)
    except (MalformedBody, InvalidInput) as error:
        return f"{type(error).__name__} {error.errors}"
    return "taken"
