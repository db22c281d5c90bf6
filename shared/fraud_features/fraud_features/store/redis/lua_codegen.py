"""The part of the observe script for one entity, made from the rows of `schema`.

An entity's string begins with numbers (`Entity.fields`); the script reads them into local
variables of these names, lets the payment count, and writes them back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from struct import Struct

from fraud_features.store.redis.reply import slot
from fraud_features.store.schema import (
    DAY,
    DISTINCTS,
    LABEL_DELAY,
    LENGTHS,
    LOG_CAP,
    LOGS,
    PROFILE,
    PROFILE_TTL,
    RISKS,
    DistinctSpec,
    RiskSpec,
    WindowSpec,
)

ENTITIES = (
    "account",
    "card",
    "device",
    "ip",
    "merchant",
    "terminal",
    "counterparty",
    "country",
)
_FIRST_ENTITY = 10
# Keys live a little longer by the clock than their events do by event time.
_MARGIN = 2 * DAY
NEVER = -(1 << 62)
RECORD = 16
_PROFILE = [
    "count",
    "typical",
    "sum",
    "high",
    "low",
    "first",
    "last",
    "located",
    "lat",
    "lon",
]
_HOURS = 4 * 24


@dataclass(frozen=True)
class Limits:
    """When the observe script moves or drops things; tests make them small.

    `log_cap`, `seen_cap`: events per log and values per seen set (None: as in `schema`).
    `shift_cap`: a late event behind at most this many newer ones is put in place at once;
    behind more it waits in the side set, which is merged at `side_cap` events.
    `tail`, `peaks`, `seen`: events of a log (at least 16), maxima and values of a seen set
    (at least 2) in an entity's string; older ones move to sorted sets.
    """

    log_cap: int = LOG_CAP
    seen_cap: int | None = None
    shift_cap: int = 64
    side_cap: int = 128
    tail: int = 32
    peaks: int = 32
    seen: int = 8


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Entity:
    """One kind of entity: what its string holds."""

    kind: str
    logs: tuple[WindowSpec, ...]
    seen: tuple[DistinctSpec, ...]

    @cached_property
    def parts(self) -> list[str]:
        """What follows the numbers, each as long as its `_size` says."""
        own, *small = (f"{log.name}_tail" for log in self.logs)
        peaks = [f"{log.name}_peaks" for log in self.logs if log.maxima]
        return [own, *peaks, *small, *(f"{seen.name}_set" for seen in self.seen)]

    @cached_property
    def fields(self) -> dict[str, str]:
        """Names and formats of the numbers."""
        fields = {"labelled": "B"}
        for log in self.logs:
            fields |= log_fields(log)
        fields |= {f"{seen.name}_newest": "d" for seen in self.seen}
        if self.kind == "account":
            fields |= {f"profile_{name}": "d" for name in _PROFILE}
        return fields | {f"{part}_size": "I4" for part in self.parts}

    @property
    def format(self) -> str:
        return "<" + "".join(self.fields.values())

    @property
    def header(self) -> int:
        """Bytes before the parts: the numbers and, for an account, its hours."""
        hours = _HOURS if self.kind == "account" else 0
        return Struct(self.format.replace("I4", "I")).size + hours

    @property
    def retention(self) -> int:
        """How long an entity is kept after its newest payment."""
        return PROFILE_TTL if self.kind == "account" else self.logs[0].retention

    @property
    def empty(self) -> bytes:
        """The string of an entity that has seen nothing."""
        numbers: list[int] = []
        for name in self.fields:
            is_moment = name.endswith(("_newest", "_hole")) or name[-2:-1] == "m"
            is_place = name.removeprefix("profile_") in _PROFILE[5:]
            flagged = name.endswith(("_peaks_size", "_set_size"))
            numbers.append(NEVER if is_moment or is_place else int(flagged))
        text = Struct(self.format.replace("I4", "I")).pack(*numbers)
        flags = sum(not part.endswith("_tail") for part in self.parts)
        return text + bytes(self.header - len(text) + flags)


def log_fields(log: WindowSpec) -> dict[str, str]:
    """The numbers of a log, for the first event of each window the last three."""
    windows = ((f"p{i}", f"m{i}", f"b{i}") for i in range(len(log.windows)))
    names = ("newest", "last", "sum", "hole", "side", *(n for w in windows for n in w))
    formats = ("d", "I4", "d", "d", "I4", *("I4", "d", "d") * len(log.windows))
    return {f"{log.name}_{n}": f for n, f in zip(names, formats, strict=True)}


def _entities() -> dict[str, Entity]:
    logs = [log for log in LOGS if log.when != "never"]
    return {
        kind: Entity(
            kind,
            tuple(log for log in logs if log.key == kind),
            tuple(seen for seen in DISTINCTS if seen.owner == kind),
        )
        for kind in dict.fromkeys(log.key for log in logs)
    }


KINDS = _entities()


def observe_entity(kind: str, key: int, limits: Limits, *, peek: bool) -> Iterator[str]:
    """Read the entity's string from `head[key]`, let the payment count in each part of it,
    and write it to `keys[key]` unless it is a peek."""
    entity = KINDS[kind]
    yield f"if {arg(kind)} ~= '' then"
    yield f"local kept = head[{key}] or {lua(entity.empty)}"
    yield f"local {', '.join(entity.fields)} = unpacked('{entity.format}', kept)"
    yield f"local late, turned = false, not head[{key}]"
    at = str(entity.header)
    for part in entity.parts:
        yield f"local {part}_at, {part} = {at}, nil"
        at = f"{part}_at + {part}_size"
    yield f"local stop = {at}"
    for log in entity.logs:
        yield from _log(log, limits)
    for seen in entity.seen:
        yield from _seen_set(seen, limits)
    if kind == "account":
        yield f"local slot, hours_at = {slot(PROFILE[0])}, {entity.header - _HOURS}"
        yield "PROFILE"
    yield from (line for risk in RISKS if risk.name == kind for line in _risk(risk))
    yield from _new_string(entity)
    if kind == "counterparty":
        yield "new_counterparty = kept"
    if not peek:
        yield f"if turned then call('SET', keys[{key}], kept, 'EX', {ttl(entity.retention)})"
        yield f"else call('SET', keys[{key}], kept, 'KEEPTTL') end"
    yield "end"


def _log(log: WindowSpec, limits: Limits) -> Iterator[str]:
    """A payment in order at an ordinary log; any other goes to `rare`."""
    n, tail, at = log.name, f"{log.name}_tail", slot(f"{log.name}_n_{log.windows[0]}")
    names, form = ", ".join(log_fields(log)), "<" + "".join(log_fields(log).values())
    owner = f"'{log.store}', {arg(log.key)}"
    limit = f"{log.retention}, {ttl(log.retention)}"
    where = f"kept, {tail}_at, {tail}_size"
    yield f"local {n}_event = ''"
    if log.when == "small":
        yield "if ARGV[4] == '1' then"
    yield f"local earlier, before = {n}_newest, {n}_sum"
    yield (
        f"if t < earlier or {n}_side > 0 or {n}_hole ~= NEVER or {n}_last >= LOG_CAP then"
    )
    yield f"{tail} = pack('{form}', {names}) .. sub(kept, {tail}_at + 1, {tail}_at + {tail}_size)"
    yield (
        f"{tail}{', late' if log.when == 'always' else ''} = rare().log({at}, {tail}, {owner}, "
        f"true, {limit}, '{form}', {table(log.lengths)})"
    )
    yield f"{names} = unpacked('{form}', {tail})"
    yield f"{tail} = sub({tail}, {Struct(form.replace('I4', 'I')).size + 1})"
    yield "else"
    yield f"{n}_newest, {n}_last, {n}_sum = t, {n}_last + 1, before + moved"
    for i, length in enumerate(log.lengths):
        first = f"{n}_p{i}, {n}_m{i}, {n}_b{i}"
        yield f"if {n}_m{i} <= t - {length} then"
        yield f"if earlier <= t - {length} then {first} = {n}_last, t, before"
        yield f"else {first} = locate({where}, earlier, {n}_last - 1, before, {owner},"
        yield f"t - {length}, {n}_p{i} + 1) end"
        yield "end"
        yield f"out[{at + 2 * i}], out[{at + 2 * i + 1}] = {n}_last - {n}_p{i} + 1, {n}_sum - {n}_b{i}"
    yield f"{tail} = sub(kept, {tail}_at + 1, {tail}_at + {tail}_size)"
    yield f"{n}_event = pack('<dd', t, before)"
    yield f"if {tail}_size >= {RECORD * limits.tail} then"
    yield f"{tail}, {n}_event = spill({tail} .. {n}_event, {n}_last, {owner}, {limit}), ''"
    yield "end"
    yield "end"
    if log.when == "small":
        yield "else"
        yield from read_log(log, log, where, owner)
        yield "end"
    else:
        yield "if not late and floor(earlier / DAY) ~= day then turned = true end"
    if log.maxima:
        yield from _peaks(log)


def read_log(log: WindowSpec, own: WindowSpec, where: str, owner: str) -> Iterator[str]:
    """The windows of a log to which the payment does not belong; the log's numbers are in
    local variables."""
    at, n = slot(f"{log.name}_n_{log.windows[0]}"), own.name
    form, names = "<" + "".join(log_fields(own).values()), ", ".join(log_fields(own))
    text, start, size = where.split(", ")
    yield f"if t < {n}_newest or {n}_side > 0 or {n}_hole ~= NEVER then"
    yield f"rare().log({at}, pack('{form}', {names}) .. sub({text}, {start} + 1, {start} + {size}),"
    yield f"{owner}, false, {own.retention}, {ttl(own.retention)}, '{form}', {table(log.lengths)})"
    yield "else"
    for i, length in enumerate(log.lengths):
        yield f"local p, _, b = locate({where}, {n}_newest, {n}_last, {n}_sum, {owner}, t - {length}, 0)"
        yield f"out[{at + 2 * i}], out[{at + 2 * i + 1}] = {n}_last - p + 1, {n}_sum - b"
    yield "end"


def _peaks(log: WindowSpec) -> Iterator[str]:
    name, at = f"{log.name}_peaks", slot(f"{log.name}_top_{log.maxima[0]}")
    lengths = table(LENGTHS[window] for window in log.maxima)
    yield f"{name} = sub(kept, {name}_at + 1, {name}_at + {name}_size)"
    yield f"{name} = not late and add_newest_peak({at}, {name}, {lengths})"
    yield f"or rare().peaks({at}, {name}, '{log.name}', {arg(log.key)}, late, turned,"
    yield f"{ttl(log.retention)}, {lengths})"


def _seen_set(seen: DistinctSpec, limits: Limits) -> Iterator[str]:
    """A value in order that fits; any other goes to `rare`."""
    name, at, value = f"{seen.name}_set", slot(f"{seen.name}_known"), arg(seen.value)
    cap = seen.cap if limits.seen_cap is None else limits.seen_cap
    kept = PROFILE_TTL if seen.profile else KINDS[seen.owner].retention
    begins = [f"t - {LENGTHS[window]}" for window in seen.windows]
    begins += ["t"] * (2 - len(begins))
    newest = f"{seen.name}_newest"
    yield "do"
    yield "local known, one, other"
    yield "if not late then"
    yield f"known, one, other, {name} = touch_newest(kept, {name}_at, {name}_size, {value}, {newest},"
    yield f"{min(limits.seen, cap)}, {', '.join(begins)})"
    yield "end"
    yield "if known then"
    yield f"out[{at}] = known"
    for i, count in enumerate(("one", "other")[: len(seen.windows)], 1):
        yield f"out[{at + i}] = {count}"
    yield f"if {value} ~= '' then {newest} = t end"
    yield "else"
    yield f"{name} = sub(kept, {name}_at + 1, {name}_at + {name}_size)"
    yield f"{name}, {newest} = rare().seen({at}, {name}, {newest}, '{seen.name}', {arg(seen.owner)},"
    yield f"{value}, late, turned, {cap}, {ttl(kept)}, {table(LENGTHS[w] for w in seen.windows)})"
    yield "end"
    yield "end"


def _risk(risk: RiskSpec) -> Iterator[str]:
    at = slot(f"{risk.name}_frauds_{risk.windows[0]}")
    slots = ", ".join(f"out[{at + i}]" for i in range(len(risk.windows)))
    lengths = table(LENGTHS[window] for window in risk.windows)
    key = f"P .. ':r:{risk.name}:' .. {arg(risk.name)}"
    yield f"if labelled == 1 then count_frauds({at}, {key}, {LABEL_DELAY}, {lengths})"
    yield f"else {slots} = {', '.join('0' for _ in risk.windows)} end"


def _new_string(entity: Entity) -> Iterator[str]:
    """The entity's string with the payment. What comes after the maxima seldom changes, and
    is then copied in one piece."""
    first, *others = entity.parts
    own, *small = entity.logs
    peaks = [part for part in others if part.endswith("_peaks")]
    rest = [part for part in others if part not in peaks]
    yield f"{first}_size = #{first} + #{own.name}_event"
    yield from (f"{part}_size = #{part}" for part in peaks)
    for log in small:
        yield f"if {log.name}_tail then {log.name}_tail = {log.name}_tail .. {log.name}_event end"
    pieces = [f"{first} .. {own.name}_event", *peaks]
    if rest:
        yield f"local rest = sub(kept, {rest[0]}_at + 1, stop)"
        yield f"if {' or '.join(rest)} then"
        for part in rest:
            yield f"{part} = {part} or sub(kept, {part}_at + 1, {part}_at + {part}_size)"
            yield f"{part}_size = #{part}"
        yield f"rest = {' .. '.join(rest)}"
        yield "end"
        pieces.append("rest")
    numbers = f"pack('{entity.format}', {', '.join(entity.fields)})"
    hours = ["hours"] if entity.kind == "account" else []
    yield f"kept = {' .. '.join([numbers, *hours, *pieces])}"


def arg(name: str) -> str:
    return f"ARGV[{_FIRST_ENTITY + ENTITIES.index(name)}]"


def table(lengths: Iterable[int]) -> str:
    return "{" + ",".join(str(length) for length in lengths) + "}"


def ttl(microseconds: int) -> int:
    """Seconds that a key lives whose newest event is kept this long."""
    return (microseconds + _MARGIN) // 1_000_000


def lua(text: bytes) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in text) + '"'
