"""XML as lists publish it, read element by element, refused when it is damaged."""

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from fraud_sanctions.lists.sources.refusal import ListRefused

# Expat's codes for a document that stops too early: no element, an unclosed token, a
# partial character, an unclosed CDATA section.
_CUT_OFF = {3, 5, 6, 20}


def elements(
    stream: BinaryIO, list_id: str, root: str, wanted: frozenset[str]
) -> Iterator[Element]:
    """The root (with its attributes only), then each wanted element, without namespaces.

    An element is let go after it was handed out, so that memory does not grow with the
    file. DTDs and entities are refused.
    """
    path: list[Element] = []
    begun = False
    try:
        for event, item in iterparse(stream, ("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(item)
                if not begun and local(item) != root:
                    raise ListRefused(list_id, "LIST_CORRUPT")
                if not begun:
                    yield item
                begun = True
                continue
            path.pop()
            if local(item) in wanted and path:
                for inner in item.iter():
                    inner.tag = local(inner)
                yield item
                # The reader is ahead of us: only this element is surely done with.
                path[-1].remove(item)
    except ParseError as error:
        cut = begun and error.code in _CUT_OFF
        raise ListRefused(
            list_id, "LIST_TRUNCATED" if cut else "LIST_CORRUPT"
        ) from None
    except (DefusedXmlException, ValueError, LookupError):
        raise ListRefused(list_id, "LIST_CORRUPT") from None


def local(item: Element) -> str:
    """The name of an element without its namespace."""
    return str(item.tag).rpartition("}")[2]


def text(item: Element, path: str) -> str:
    """The text below `path`, on one line; empty when there is none."""
    return " ".join((item.findtext(path) or "").split())
