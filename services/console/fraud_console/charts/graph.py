"""A small graph: one thing in the middle, what it shares, and who shares that too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 340, 260
# What is shared, who shares one of them, and who is shown around all of it.
MOST_NEAR, MOST_FAR, MOST_OUTSIDE = 8, 4, 10


@dataclass(frozen=True, slots=True)
class Node:
    """A circle with its name; `href` leads to its page, empty for none."""

    x: float
    y: float
    kind: str
    label: str
    href: str
    hop: int
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two nodes."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Link:
    """What the entity shares: `others` are those on its other side."""

    kind: str
    name: str
    href: str
    bad: bool = False
    others: tuple[tuple[str, str, str], ...] = ()


def around(
    centre: tuple[str, str], links: Sequence[Link]
) -> tuple[list[Node], list[Edge]]:
    """Nodes and edges, within two hops; `centre` is kind and name. Who shares several
    things is there once, with a line to each."""
    middle = Node(WIDTH / 2, HEIGHT / 2, centre[0], centre[1], "", 0)
    nodes, edges = [middle], []
    shared: dict[tuple[str, str, str], list[Node]] = {}
    shown = links[:MOST_NEAR]
    # Two or fewer lie beside the middle: names need width.
    turned = math.pi if len(shown) <= 2 else math.pi / 2 + math.pi / len(shown)
    for place, link in enumerate(shown):
        angle = 2 * math.pi * place / len(shown) - turned
        node = Node(*_at(angle, 0.56), link.kind, link.name, link.href, 1, link.bad)
        nodes.append(node)
        edges.append(_edge(middle, node))
        for other in link.others[:MOST_FAR]:
            shared.setdefault(other, []).append(node)
    far = list(shared.items())[:MOST_OUTSIDE]
    for place, ((kind, name, href), near) in enumerate(far):
        angle = 2 * math.pi * (place + 0.5) / len(far) - turned
        node = Node(*_at(angle, 0.95), kind, name, href, 2)
        nodes.append(node)
        edges += [_edge(one, node) for one in near]
    return nodes, edges


def _edge(one: Node, other: Node) -> Edge:
    return Edge(one.x, one.y, other.x, other.y)


def _at(angle: float, share: float) -> tuple[float, float]:
    x = WIDTH / 2 + share * (WIDTH / 2 - 34) * math.cos(angle)
    y = HEIGHT / 2 + share * (HEIGHT / 2 - 24) * math.sin(angle)
    return round(x, 1), round(y, 1)
