"""ISO 20022 credit transfers, pacs.008 and pain.001, as payments.

JSON has the names of the XML elements; an amount is `{"Ccy": "EUR", "Amt": "12.50"}`. What
the messages have no place for (device, session, hints) may come as supplementary data,
`SplmtryData.Envlp.Fraud`: an object with those blocks, in XML its JSON text.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element as XmlElement
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from fraud_orchestrator.adapters.fields import (
    Body,
    Element,
    MessageInvalid,
    instant,
    minor_units,
    without_gaps,
)

_AMOUNT = ("Amt", "#text", "value", "$")
_EXTRA = frozenset({"device", "session", "location", "authentication", "hints",
                    "initiator", "contact", "segment"})  # fmt: skip
_DEPTH = 20
MOST = 1000


def read(raw: bytes, *, xml: bool) -> Element:
    """The `Document` of a message. Raises MessageInvalid: DTDs, entities and deep nesting
    are refused."""
    if xml:
        try:
            root = fromstring(raw, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError):
            raise MessageInvalid(
                "Document", "not well-formed XML without a DTD"
            ) from None
        name, content = _local(root.tag), _plain(root, _DEPTH)
    else:
        try:
            document = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
        except (ValueError, RecursionError):
            raise MessageInvalid("Document", "not JSON") from None
        name = "Document"
        content = document.get("Document") if isinstance(document, dict) else None
    if name != "Document" or not isinstance(content, dict):
        raise MessageInvalid("Document", "is missing")
    return Element(content, "")


def pacs008(document: Element, *, channel: str) -> list[Body]:
    """The payments of a `FIToFICstmrCdtTrf`, as bodies of `POST /v1/score`.

    Raises MessageInvalid naming the element that is missing or wrong.
    """
    message = document.needed("FIToFICstmrCdtTrf")
    header = message.needed("GrpHdr")
    payments = []
    for one in _some(message, "CdtTrfTxInf"):
        amount = one.part("InstdAmt") or one.needed("IntrBkSttlmAmt")
        at = one.text("AccptncDtTm") or header.text("CreDtTm")
        payments.append(_payment(one, one, amount, at, channel))
    return payments


def pain001(document: Element, *, channel: str) -> list[Body]:
    """The payments of a `CstmrCdtTrfInitn`, as bodies of `POST /v1/score`.

    Raises MessageInvalid naming the element that is missing or wrong.
    """
    message = document.needed("CstmrCdtTrfInitn")
    at = message.needed("GrpHdr").text("CreDtTm")
    payments = []
    for batch in message.each("PmtInf"):
        for one in _some(batch, "CdtTrfTxInf"):
            amount = one.needed("Amt", "InstdAmt")
            payments.append(_payment(one, batch, amount, at, channel))
            if len(payments) > MOST:
                raise MessageInvalid(batch.place, f"more than {MOST} payments")
    return payments


def _some(parent: Element, name: str) -> Iterator[Element]:
    for number, one in enumerate(parent.each(name)):
        if number >= MOST:
            raise MessageInvalid(parent.under(name), f"more than {MOST} payments")
        yield one


def _payment(
    one: Element, payer: Element, amount: Element, at: str | None, channel: str
) -> Body:
    """One transfer; `payer` is the element that names the debtor."""
    currency = amount.text("Ccy") or amount.text("@Ccy") or ""
    given = next((amount.find(n) for n in _AMOUNT if amount.find(n) is not None), None)
    if at is None:
        raise MessageInvalid(
            one.under("AccptncDtTm"), "neither it nor CreDtTm is there"
        )
    account = _account(payer, "DbtrAcct")
    if account is None:
        raise MessageInvalid(payer.under("DbtrAcct"), "names no account")
    body = {
        "transaction_id": _id(one),
        "account_id": account,
        "amount_minor": minor_units(given, currency, amount.place),
        "currency": currency,
        "occurred_at": instant(at, one.under("AccptncDtTm")),
        "kind": "transfer",
        "channel": channel,
        "customer": _party(payer, "Dbtr"),
        "counterparty": _party(one, "Cdtr") | {"account": _account(one, "CdtrAcct")},
    }
    return without_gaps(body) | _extra(one)


def _id(one: Element) -> str:
    """The transaction's own reference: unique for the whole of its way, if it has one."""
    for name in ("UETR", "TxId", "EndToEndId", "InstrId"):
        found = one.text("PmtId", name)
        if found is not None and found != "NOTPROVIDED":
            return found
    raise MessageInvalid(one.under("PmtId"), "has no reference")


def _account(of: Element, name: str) -> str | None:
    return of.text(name, "Id", "IBAN") or of.text(name, "Id", "Othr", "Id")


def _party(of: Element, name: str) -> Body:
    found = of.part(name)
    if found is None:
        return {}
    birth = ("Id", "PrvtId", "DtAndPlcOfBirth", "BirthDt")
    return {
        "name": found.text("Nm"),
        "country": found.text("PstlAdr", "Ctry") or found.text("CtryOfRes"),
        "birth_date": found.text(*birth),
    }


def _extra(one: Element) -> Body:
    """The blocks of the supplementary data."""
    given = one.find("SplmtryData", "Envlp", "Fraud")
    place = one.under("SplmtryData.Envlp.Fraud")
    if given is None:
        return {}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise MessageInvalid(place, "not JSON") from None
    if not isinstance(given, dict) or set(given) - _EXTRA:
        raise MessageInvalid(place, f"holds more than {', '.join(sorted(_EXTRA))}")
    numbers: Body = _with_numbers(given)
    return numbers


def _with_numbers(value: Any) -> Any:
    """Numbers that were read exactly, as JSON has them."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _with_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_numbers(one) for one in value]
    return value


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _plain(element: XmlElement, depth: int) -> Any:
    """An element as JSON has it: text, or its attributes, text and elements by name."""
    if depth == 0:
        raise MessageInvalid("Document", "is nested too deeply")
    if not len(element) and not element.attrib:
        return element.text or ""
    found: dict[str, Any] = {_local(k): v for k, v in element.attrib.items()}
    if not len(element):
        found["#text"] = (element.text or "").strip()
    for child in element:
        name, value = _local(child.tag), _plain(child, depth - 1)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
