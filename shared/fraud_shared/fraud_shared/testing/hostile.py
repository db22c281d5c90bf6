"""Bodies that no route may accept: each must be a 4xx problem that names the field.

Every body carries `CANARY_PAN` and `CANARY_NAME`, so that an echo in a reply or a log line
shows. Shaped for `TransactionIn`: for `POST /score`, and any route that takes the same.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import httpx

from fraud_shared.testing.factories import payment_body

# Passes the Luhn check, and belongs to nobody.
CANARY_PAN = "4539578763621486"
CANARY_NAME = "Zwyxorl Quabbin"
_MARK = '"@@"'


class Hostile(NamedTuple):
    """`field` is what the problem must name; None where nothing can be named."""

    name: str
    body: bytes
    field: str | None


def canary_body(**overrides: Any) -> dict[str, Any]:
    """A valid payment that carries the canaries."""
    body = payment_body(
        transaction_id="tx-hostile", customer={"name": CANARY_NAME}, **overrides
    )
    body["card"] = {"pan": CANARY_PAN, "entry_mode": "ecommerce"}
    return body


def with_raw(path: str, raw: str) -> bytes:
    """A payment where the JSON text at `path` (`merchant.mcc`) is `raw`, valid or not."""
    body = canary_body()
    *parents, last = path.split(".")
    node = body
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = "@@"
    return json.dumps(body).replace(_MARK, raw).encode()


def assert_refused(
    case: Hostile, status: int, media_type: str, body: bytes, logged: str = ""
) -> None:
    """Fail unless this reply refuses `case` as it must, with nothing echoed or logged."""
    assert 400 <= status < 500, f"{case.name}: {status}"
    assert media_type == "application/problem+json", f"{case.name}: {media_type}"
    problem = json.loads(body)
    assert problem["status"] == status, case.name
    named = [error["field"] for error in problem.get("errors", [])]
    if case.field is not None:
        wanted = case.field
        assert any(n == wanted or n.startswith(f"{wanted}.") for n in named), (
            f"{case.name}: {named} does not name {wanted}"
        )
    for canary in (CANARY_PAN, CANARY_NAME, CANARY_NAME.split()[0]):
        assert canary not in body.decode(), f"{case.name}: echoed"
        assert canary not in logged, f"{case.name}: logged"


async def assert_all_refused(
    cases: Iterable[Hostile],
    http: httpx.AsyncClient,
    path: str,
    logged: Callable[[], str],
) -> None:
    """Post each case; fail with every fault. `logged` gives what was written since."""
    faults = []
    for case in cases:
        headers = {"content-type": "application/json"}
        reply = await http.post(path, content=case.body, headers=headers)
        line = logged()
        try:
            assert line.count("\n") == 1, f"{case.name}: {line}"
            media_type = reply.headers["content-type"]
            assert_refused(case, reply.status_code, media_type, reply.content, line)
        except AssertionError as fault:
            faults.append(str(fault).splitlines()[0])
    assert not faults, "\n".join(faults)


_WRONG_TYPES = {
    "text": '"4250"',
    "empty_text": '""',
    "true": "true",
    "list": "[]",
    "object": "{}",
    "nan": "NaN",
    "infinity": "Infinity",
    "minus_infinity": "-Infinity",
    "overflow": "1e999",
    "minus_overflow": "-1e999",
    "fraction": "10.5",
}
_NUMBERS = {
    "amount_minor": {"null": "null", "negative": "-1", "whole_float": "10.0"}
    | {"exponent": "1e3", "above_ceiling": "10000000000001"}
    | {"huge": "9" * 40},
    "session.failed_logins_1h": {"negative": "-1", "whole_float": "1.0"},
    "session.seconds_since_login": {"negative": "-1", "huge": "9" * 25},
}
_REALS = {
    "location.lat": {"beyond": "90.0001", "text": '"48.85"', "true": "true"},
    "location.lon": {"beyond": "-180.0001", "list": "[2.35]"},
}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999")
_TEXTS = {
    "transaction_id": "identifier",
    "account_id": "identifier",
    "merchant.merchant_id": "identifier",
    "merchant.terminal_id": "identifier",
    "device.device_id": "identifier",
    "customer.account": "identifier",
    "merchant.name": "text",
    "location.city": "text",
    "customer.name": "text",
    "counterparty.name": "text",
    "device.user_agent": "printable",
    "device.os": "printable",
    "device.ip": "printable",
    "features.browser": "printable",
}
_BAD_TEXT = {
    "nul": '"a\\u0000b"',
    "escape_sequence": '"a\\u001b[31mb"',
    "new_line": '"a\\r\\nb"',
    "delete": '"a\\u007fb"',
    "c1_control": '"a\\u0085b"',
    "high_surrogate": '"a\\ud800b"',
    "low_surrogate": '"a\\udc00b"',
    "surrogates_swapped": '"\\ude00\\ud83d"',
    "list": "[1]",
    "too_long": json.dumps("x" * 257),
}
_BAD_IDENTIFIER = {
    "empty": '""',
    "space": '"a b"',
    "quote": '"a\\"b"',
    "markup": '"<script>"',
    "leading_dash": '"-a"',
    "final_new_line": '"a\\n"',
    "other_script": '"счёт"',
    "number": "12",
}
_CHOICES = {
    "currency": ['"XYZ"', '"eur"', '"EURO"', '""', "978", "null", '"EU\\u0000"'],
    "kind": ['"gift"', '"CARD_PAYMENT"', "1", "null"],
    "channel": ['"fax"', '""', "true"],
    "merchant.country": ['"ZZ"', '"fr"', '"FRA"', "33"],
    "location.country": ['"XX"', '"f"'],
    "customer.country": ['"EN"'],
    "merchant.mcc": ['"54110"', '"54a1"', "5411", '"٥٤١١"'],
    "card.entry_mode": ['"psychic"'],
    "card.pan": ['"45395787"', "4539578763621486", f'"{CANARY_PAN}0000"'],
    "card.bin": ['"4539"', "453957"],
    "card.last4": ['"148"', '"14861"'],
    "card.token": ['"both"'],
    "customer.birth_date": ['"1990-02-30"', '"19900230"', '"631152000"', "true"],
    "session.two_factor": ['"yes"', "1"],
    "device.is_rooted": ['"true"', "0"],
    "occurred_at": [
        '"2026-03-02T12:00:00"',
        '"2026-03-02"',
        '"2026-13-02T12:00:00Z"',
        '"2026-02-30T12:00:00Z"',
        '"yesterday"',
        '""',
        "1772452800",
        '"1772452800"',
        '"17724528000000"',
        '"0001-01-01T00:00:00+14:00"',
        '"9999-12-31T23:59:59-12:00"',
        "1772452800.5",
        "null",
        "true",
        "1e999",
    ],
    "features.V1": [
        "NaN",
        "Infinity",
        "1e999",
        "[]",
        "{}",
        "true",
        '"' + "x" * 65 + '"',
    ],
    "features": ["[]", '"V1"', "7"],
    "merchant": ["[]", '"mer-1"', "true", "{}"],
    "customer": ["[]", "0"],
    "card": ["[]", "{}", f'"{CANARY_PAN}"', f"{CANARY_PAN}"],
}
# `card.token` beside a PAN is a fault of the card, and an empty merchant lacks its id.
_NAMED = {"card.token": "card"}


def corpus() -> list[Hostile]:
    """All cases; at least 200, each with a name of its own."""
    cases = [*_fields(), *_keys(), *_documents(), *_encodings()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def _fields() -> Iterator[Hostile]:
    for path, more in _NUMBERS.items():
        for name, raw in (_WRONG_TYPES | more).items():
            yield Hostile(f"{path}:{name}", with_raw(path, raw), path)
    for path, more in _REALS.items():
        for name, raw in ({n: n for n in _NOT_FINITE} | more).items():
            yield Hostile(f"{path}:{name}", with_raw(path, raw), path)
    for path, kind in _TEXTS.items():
        bad = _BAD_TEXT | (_BAD_IDENTIFIER if kind == "identifier" else {})
        for name, raw in bad.items():
            yield Hostile(f"{path}:{name}", with_raw(path, raw), path)
    for path, raws in _CHOICES.items():
        for number, raw in enumerate(raws):
            field = _NAMED.get(path, path)
            yield Hostile(f"{path}:choice_{number}", with_raw(path, raw), field)
    for path in ("transaction_id", "account_id", "amount_minor", "currency"):
        body = canary_body()
        del body[path]
        yield Hostile(f"{path}:missing", json.dumps(body).encode(), path)
    body = canary_body(location={"lon": None})
    yield Hostile("location:half", json.dumps(body).encode(), "location")


def _keys() -> Iterator[Hostile]:
    """Keys that nobody asked for, and keys given twice."""

    def added(name: str, key: str, field: str, value: Any = 1) -> Hostile:
        return Hostile(name, json.dumps(canary_body() | {key: value}).encode(), field)

    yield added("unknown_field", "surprise", "surprise")
    yield added("unknown_field_object", "surprise", "surprise", {"pan": CANARY_PAN})
    yield added("prototype", "__proto__", "__proto__", {"admin": True})
    yield added("pan_as_key", CANARY_PAN, "(unprintable)")
    yield added("pan_in_key", f"p{CANARY_PAN}", "(unprintable)")
    spread = "_".join(CANARY_PAN[i : i + 4] for i in range(0, 16, 4))
    yield added("spread_pan_as_key", f"p{spread}", "(unprintable)")
    yield added("name_as_key", CANARY_NAME, "(unprintable)")
    yield added("forged_line_as_key", 'a\n{"level":"info"}', "(unprintable)")
    yield added("final_new_line_in_key", "surprise\n", "(unprintable)")
    yield added("markup_as_key", "<img src=x>", "(unprintable)")
    yield added("long_key", "k" * 5000, "(unprintable)")
    plain = json.dumps(canary_body())[:-1]
    lone = f'{plain}, "\\ud800": 1}}'.encode()
    yield Hostile("surrogate_as_key", lone, "(unprintable)")
    many = canary_body() | {f"field{n}": n for n in range(100)}
    yield Hostile("hundred_fields", json.dumps(many).encode(), "field0")
    for name, path, raw in (
        ("nested_unknown", "merchant.surprise", "1"),
        ("feature_name", "features.1st", "1"),
        ("cvv", "card.cvv", '"123"'),
    ):
        yield Hostile(
            name, with_raw(path, raw), path if name != "feature_name" else None
        )
    over = canary_body(features={f"V{n}": 0.0 for n in range(513)})
    yield Hostile("513_features", json.dumps(over).encode(), "features")
    doubled = f'{plain}, "amount_minor": 1}}'.encode()
    yield Hostile("duplicate_key", doubled, "amount_minor")
    escaped = f'{plain}, "\\u0061mount_minor": 1}}'.encode()
    yield Hostile("duplicate_key_escaped", escaped, "amount_minor")
    same = f'{plain}, "currency": "EUR"}}'.encode()
    yield Hostile("duplicate_key_same_value", same, "currency")
    nested = with_raw("merchant", '{"merchant_id": "a", "mcc": "5411", "mcc": "6011"}')
    yield Hostile("duplicate_key_nested", nested, "mcc")
    secret = f'{plain}, "{CANARY_PAN}": 1, "{CANARY_PAN}": 2}}'.encode()
    yield Hostile("duplicate_pan_key", secret, "(unprintable)")


def _documents() -> Iterator[Hostile]:
    """What is no object, no JSON, too deep or too large."""
    good = json.dumps(canary_body())
    for name, text in {
        "empty": "",
        "white_space": " \r\n\t ",
        "truncated": good[:-10],
        "trailing_text": good + CANARY_PAN,
        "two_documents": good + good,
        "trailing_comma": good[:-1] + ",}",
        "single_quotes": good.replace('"', "'"),
        "comment": "/* */" + good,
        "bare_key": "{amount_minor: 1}",
        "bare_control_character": good.replace("tx-", "tx\x01-"),
        "bad_escape": good.replace("tx-", "\\x41-"),
        "cut_unicode_escape": good.replace("tx-", "\\ud8-"),
        "digits_without_end": with_raw("amount_minor", "9" * 5000).decode(),
    }.items():
        yield Hostile(name, text.encode(), None)
    for number, raw in enumerate(("0123", "+1", ".5", "1.", "0x10", "1_000", "--1")):
        yield Hostile(f"number_{number}", with_raw("amount_minor", raw), None)
    for number, raw in enumerate(("[]", f'"{CANARY_PAN}"', CANARY_PAN, "null", "NaN")):
        yield Hostile(f"document_{number}", raw.encode(), "body")
    deep = "[" * 17 + "]" * 17
    yield Hostile("deep_list", with_raw("features.V1", deep), "body")
    nest = '{"a":' * 20 + "1" + "}" * 20
    yield Hostile("deep_object", with_raw("customer", nest), "body")
    for levels in (150, 250, 900, 5_000, 30_000):
        deeper = "[" * levels + "]" * levels
        yield Hostile(f"deep_{levels}", with_raw("features.V1", deeper), None)
        yield Hostile(f"open_{levels}", with_raw("customer", "[" * levels), None)
    long = json.dumps("n" * 60_000)
    yield Hostile("60_kb_name", with_raw("merchant.name", long), "merchant.name")
    padded = good + " " * (70_000 - len(good))
    yield Hostile("70_kb", padded.encode(), None)


def _encodings() -> Iterator[Hostile]:
    good = json.dumps(canary_body())
    name = json.dumps("Zoë")[1:-1]
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        yield Hostile(encoding, good.encode(encoding), None)
    for case, raw in {
        "latin_1": b"Zo\xeb",
        "overlong": b"\xc0\xaf",
        "raw_surrogate": b"\xed\xa0\x80",
        "stray_continuation": b"\x80",
        "beyond_unicode": b"\xf5\x80\x80\x80",
    }.items():
        text = with_raw("merchant.name", json.dumps(name)).replace(name.encode(), raw)
        yield Hostile(case, text.replace(b"\\u00eb", raw), None)
    yield Hostile("gzip", gzip.compress(good.encode(), mtime=0), None)
    yield Hostile("nul_bytes", b"\x00" * 64, None)
    yield Hostile("nul_after", good.encode() + b"\x00", None)
