"""Word tables of the matcher: our own compilation, one entry per line, `#` comments."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources


@cache
def lines(table: str) -> tuple[str, ...]:
    """The entries of `tables/<table>.txt`."""
    text = resources.files(__name__).joinpath(f"{table}.txt").read_text("utf-8")
    kept = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in kept if line)


@cache
def words(table: str) -> frozenset[str]:
    """Every word of a table, whatever line it stands on."""
    return frozenset(word for line in lines(table) for word in line.split())


@cache
def phrases(
    table: str, form: Callable[[str], str]
) -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """`short: phrase | phrase` lines as first word -> (phrase, short), longest first."""
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for line in lines(table):
        short, _, rest = line.partition(":")
        for text in (short, *rest.split("|")):
            phrase = tuple(form(word) for word in text.split())
            if phrase:
                found.setdefault(phrase[0], {})[phrase] = short.strip()
    return {
        first: tuple(sorted(options.items(), key=lambda item: -len(item[0])))
        for first, options in found.items()
    }


@cache
def stems(table: str) -> Mapping[str, str]:
    """`canonical: word stem* ...` lines as word or stem -> canonical."""
    found: dict[str, str] = {}
    for line in lines(table):
        canonical, _, rest = line.partition(":")
        for word in (canonical, *rest.split()):
            found[word.strip()] = canonical.strip()
    return found


@cache
def groups(table: str) -> Mapping[str, frozenset[int]]:
    """Lines of interchangeable words as word -> numbers of the lines it stands on."""
    found: dict[str, set[int]] = {}
    for number, line in enumerate(lines(table)):
        for word in line.split():
            found.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


@cache
def kinds(table: str) -> Mapping[str, frozenset[str]]:
    """`kind: word word` lines as kind -> words."""
    parted = (line.partition(":") for line in lines(table))
    return {kind.strip(): frozenset(rest.split()) for kind, _, rest in parted}
