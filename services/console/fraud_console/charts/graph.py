"""A small graph: one thing in the middle, what it shares, and who shares that too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 340, 240
MOST_NEAR, MOST_FAR = 8, 4


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
    """Nodes and edges, within two hops; `centre` is kind and name."""
    mid_x, mid_y = WIDTH / 2, HEIGHT / 2
    nodes, edges = [Node(mid_x, mid_y, centre[0], centre[1], "", 0)], []
    shown = links[:MOST_NEAR]
    for place, link in enumerate(shown):
        # Two or fewer lie beside the middle: names need width.
        turned = math.pi if len(shown) <= 2 else math.pi / 2
        angle = 2 * math.pi * place / len(shown) - turned
        x, y = _at(angle, 0.52)
        nodes.append(Node(x, y, link.kind, link.name, link.href, 1, link.bad))
        edges.append(Edge(mid_x, mid_y, x, y))
        far = link.others[:MOST_FAR]
        for turn, (kind, name, href) in enumerate(far):
            spread = (turn - (len(far) - 1) / 2) * 0.28
            far_x, far_y = _at(angle + spread, 0.92)
            nodes.append(Node(far_x, far_y, kind, name, href, 2))
            edges.append(Edge(x, y, far_x, far_y))
    return nodes, edges


def _at(angle: float, share: float) -> tuple[float, float]:
    x = WIDTH / 2 + share * (WIDTH / 2 - 26) * math.cos(angle)
    y = HEIGHT / 2 + share * (HEIGHT / 2 - 20) * math.sin(angle)
    return round(x, 1), round(y, 1)
