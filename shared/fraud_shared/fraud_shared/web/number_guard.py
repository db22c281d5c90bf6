"""No card number comes in where none belongs: every string of a request is looked at.

Whoever sends one by mistake is refused with the field's name; nothing of it is kept, logged
or repeated.
"""

from collections.abc import Sequence
from typing import Any

from fraud_shared import card_number_fields as fields
from fraud_shared.web.problems import InvalidInput, field_name

# Where a payment holds a card number, which becomes a token at once.
PAN = ("card", "pan")
PROBLEM = "looks like a card number"


def refuse_in_body(raw: bytes, document: Any, *, apart: Sequence[str] = PAN) -> None:
    """Refuse a JSON body with a card number in a string or key.

    `document`: the body, parsed, or UNREAD. `apart`: where a number belongs, or whose
    parts are looked at one by one. Raises InvalidInput naming the fields.
    """
    _refuse(fields.in_body(raw, document, apart=apart))


def refuse_in_document(document: Any, *, apart: Sequence[str] = PAN) -> None:
    """The same for a part of a body."""
    _refuse(fields.in_document(document, apart=apart))


def refuse_in_url(path: str, query: bytes) -> None:
    """Refuse a card number in a path or a query. Raises InvalidInput."""
    if fields.in_part(path):
        raise InvalidInput(errors=[("path", PROBLEM)])
    if not query:
        return
    for part in query.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        if fields.in_part(name) or fields.in_part(value):
            raise InvalidInput(errors=[(f"query.{field_name((name,))}", PROBLEM)])


def _refuse(found: list[fields.Path]) -> None:
    if found:
        raise InvalidInput(errors=[(field_name(at), PROBLEM) for at in found])
