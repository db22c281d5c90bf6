"""YAML or JSON text into plain JSON, refusing what would be read two ways."""

import hashlib
import json
import math
from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any

import yaml


class SourceError(ValueError):
    """The text is no document. The message names the line, never the content."""


class _Loader(yaml.SafeLoader):
    """Safe YAML without repeated keys (the last would win unseen) and aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise SourceError("aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                line = key_node.start_mark.line + 1
                raise SourceError(f"line {line}: a key is repeated or is no name")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_float(self, node: Any) -> float:
        value = super().construct_yaml_float(node)
        if not math.isfinite(value):
            raise SourceError(f"line {node.start_mark.line + 1}: not a finite number")
        return value


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


def parse(body: bytes) -> bytes:
    """The document in `body` (UTF-8 YAML, of which JSON is a part) as JSON, so that one
    strict validation serves both."""
    try:
        document = yaml.load(body.decode(), Loader=_Loader)
        return json.dumps(document, default=_plain, allow_nan=False).encode()
    except SourceError:
        raise
    except UnicodeDecodeError:
        raise SourceError("not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise SourceError(f"{where}not valid YAML") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise SourceError("not valid YAML") from None


def line_of(body: bytes, path: Sequence[str | int]) -> int | None:
    """The line, from 1, of what `path` leads to in a document, or of the last thing on the
    way that is there. None for a text that is no document."""
    try:
        node = yaml.compose(body.decode(), Loader=_Loader)
    except (SourceError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return None
    for step in path:
        below = _below(node, step)
        if below is None:
            break
        node = below
    return None if node is None else int(node.start_mark.line) + 1


def _below(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and str(step).isdigit():
        place = int(step)
        return node.value[place] if place < len(node.value) else None
    return None


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError("no JSON equivalent")


def content_hash(body: bytes) -> str:
    """SHA-256 of the text as it is: what `sha256sum` of the file prints."""
    return hashlib.sha256(body).hexdigest()
