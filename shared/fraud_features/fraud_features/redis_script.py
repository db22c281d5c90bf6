"""The Redis scripts: the observe_*.lua files driven by the tables of `layout`, and three
short ones for labels, for a reset and for a peek.

The tables become plain calls in the text, because a script builds its tables anew for
every payment.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from struct import Struct, pack

from fraud_features.layout import (
    DAY,
    LABEL_DELAY,
    LENGTHS,
    LOGS,
    PROFILE,
    PROFILE_TTL,
    REPLY_TTL,
    RISK_RETENTION,
    RISKS,
    SEEN,
    SLOT,
    SLOTS,
    LogSpec,
    RiskSpec,
    SeenSpec,
)
from fraud_features.online import BLOCK_KINDS

# Part of every key but blocks. Raise it when the data below changes its form: what an older
# version left is then not read, so the store is cold until it is rebuilt, which removes it.
LAYOUT_VERSION = "2"
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
_RARE = ("observe_log", "observe_peaks", "observe_seen")
_RETENTION = {spec.store: spec.retention for spec in LOGS if spec.when != "never"}

# An answer: warm, three blocks, two counters, then the slots. What is unknown is UNKNOWN.
UNKNOWN = -(1 << 31)
_NEVER = -(1 << 62)
_HEAD = ("i4", "i4", "i4", "i4", "i4", "i8")
_LONG = ("_total_", "_top_", "_sum", "_hi", "_lo", "_t")


def _reply_types() -> tuple[str, ...]:
    def is_long(slot: str) -> bool:
        return "_total_" in slot or "_top_" in slot or slot.endswith(_LONG[2:])

    return (*_HEAD, *("i8" if is_long(slot) else "i4" for slot in SLOTS))


REPLY_HEAD = len(_HEAD)
REPLY_TYPES = _reply_types()
REPLY = Struct("<" + "".join("q" if kind == "i8" else "i" for kind in REPLY_TYPES))

# Counts an approval without full evidence, or with no amount starts again at zero.
STAND_IN_SCRIPT = f"""
local key = KEYS[1] .. ':{LAYOUT_VERSION}:i:' .. ARGV[1]
if not ARGV[2] then return redis.call('DEL', key) end
local kept, count, sum = redis.call('GET', key), 0, 0
if kept then count, sum = struct.unpack('<dd', kept) end
kept = struct.pack('<dd', count + 1, sum + tonumber(ARGV[2]))
redis.call('SET', key, kept, 'EX', {PROFILE_TTL // 1_000_000})
"""

# Forgets every key below the prefix but blocks. ARGV[1] is the glob of all of them.
RESET_SCRIPT = f"""
local blocks = KEYS[1] .. ':b:'
local cursor = '0'
redis.call('DEL', KEYS[1] .. ':{LAYOUT_VERSION}:epoch')
repeat
  local found = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = found[1]
  for _, key in ipairs(found[2]) do
    if string.sub(key, 1, #blocks) ~= blocks then redis.call('UNLINK', key) end
  end
until cursor == '0'
"""

# A write goes to a copy, made when first needed and deleted at the end; a read of a key
# that was written reads its copy.
_PEEK_CALL = """
local copies = {}
local reads = {ZCARD=1, ZCOUNT=1, ZRANGE=1, ZRANGEBYSCORE=1, ZREVRANGEBYSCORE=1, ZSCORE=1}
local function CALL(command, key, ...)
  if command == 'MGET' or command == 'EXISTS' then return redis.call(command, key, ...) end
  if not copies[key] and not reads[command] then
    copies[key] = key .. ':peek'
    redis.call('DEL', copies[key])
    redis.call('COPY', key, copies[key])
  end
  return redis.call(command, copies[key] or key, ...)
end
"""
_PEEK_END = """
for _, copy in pairs(copies) do redis.call('DEL', copy) end
return line
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """When the observe script moves or drops things; tests make them small.

    `log_cap`, `seen_cap`: events per log and values per seen set (None: as in `layout`).
    `shift_cap`: a late event behind at most this many newer ones is put in place at once;
    behind more it waits in the side set, which is merged at `side_cap` events.
    `tail`, `peaks`, `seen`: events of a log (at least 16), maxima and values of a seen set
    (at least 2) in an entity's string; older ones move to sorted sets.
    """

    log_cap: int
    seen_cap: int | None = None
    shift_cap: int = 64
    side_cap: int = 128
    tail: int = 32
    peaks: int = 32
    seen: int = 8


def observe_script(limits: Limits, *, peek: bool = False) -> str:
    """The text of the observe script, or with `peek` of one that leaves nothing behind."""
    return "\n".join(
        (
            f"local LOG_CAP, SHIFT_CAP = {limits.log_cap}, {limits.shift_cap}",
            f"local SIDE_CAP, TAIL = {limits.side_cap}, {limits.tail}",
            f"local PEAKS, SEEN = {limits.peaks}, {limits.seen}",
            f"local P = KEYS[1] .. ':{LAYOUT_VERSION}'",
            _PEEK_CALL if peek else "local CALL = redis.call",
            _text("observe").replace("NOTHING_KNOWN", _NOTHING_KNOWN),
            *_rare(),
            *_read(),
            *(line for kind in SECTIONS for line in _entity(kind, limits, peek=peek)),
            *_received(),
            f"local line = pack('<{''.join(REPLY_TYPES)}', unpack(out))",
            _PEEK_END if peek else _KEEP_REPLY,
        )
    )


def label_script() -> str:
    """A label at its places. ARGV: transaction id, event time, whether it is a fraud, then
    kind and id of each place.

    The first byte of an entity's string says that it has, or had, labelled frauds.
    """
    empty = ", ".join(f"{risk.name} = {_lua(_empty(risk.name))}" for risk in RISKS)
    kept = ", ".join(f"{risk.name} = {_ttl(_kept(risk.name))}" for risk in RISKS)
    return f"""
local P = KEYS[1] .. ':{LAYOUT_VERSION}'
local empty, kept = {{{empty}}}, {{{kept}}}
for i = 4, #ARGV, 2 do
  local kind, key = ARGV[i], ':' .. ARGV[i] .. ':' .. ARGV[i + 1]
  local frauds, entity = P .. ':r' .. key, P .. ':e' .. key
  if ARGV[3] == '1' then
    redis.call('ZADD', frauds, ARGV[2], ARGV[1])
    local newest = tonumber(redis.call('ZREVRANGE', frauds, 0, 0, 'WITHSCORES')[2])
    redis.call('ZREMRANGEBYSCORE', frauds, '-inf', string.format('%.0f', newest - {RISK_RETENTION}))
    redis.call('EXPIRE', frauds, {_ttl(RISK_RETENTION)})
    redis.call('SET', entity, empty[kind], 'EX', kept[kind], 'NX')
    redis.call('SETRANGE', entity, 0, '\\1')
  else
    redis.call('ZREM', frauds, ARGV[1])
  end
end
"""


def _text(name: str) -> str:
    return files("fraud_features").joinpath(f"{name}.lua").read_text("utf-8")


def _sections() -> dict[str, list[str]]:
    """The sections of each entity's string, its own log first."""
    sections: dict[str, list[str]] = {}
    for log in LOGS:
        if log.when != "never":
            mine = sections.setdefault(log.key, [])
            mine += [f"log_{log.store}"] + [f"peaks_{log.name}"] * bool(log.maxima)
    for seen in SEEN:
        sections[seen.owner].append(f"seen_{seen.name}")
    sections["account"].append("profile")
    return sections


SECTIONS = _sections()
_NOTHING_KNOWN = "{" + ",".join(["UNKNOWN"] * len(REPLY_TYPES)) + "}"
_FORMATS = {kind: f"<B{'I4c0' * len(parts)}" for kind, parts in SECTIONS.items()}
_KEEP_REPLY = f"""
call('SET', keys[2], line, 'EX', {REPLY_TTL // 1_000_000})
return line
"""


def _empty(kind: str) -> bytes:
    """The string of an entity that has seen nothing."""
    text = b"\0"
    for section in SECTIONS[kind]:
        what = b"\0"
        if section.startswith("log_"):
            log = _own_log(section.removeprefix("log_"))
            windows = [number for _ in log.windows for number in (0, _NEVER, 0)]
            what = _header(log).pack(_NEVER, 0, 0, _NEVER, 0, *windows)
        elif section == "profile":
            what = pack("<10d", *[0] * 5, *[_NEVER] * 5) + bytes(4 * 24)
        text += pack("<I", len(what)) + what
    return text


def _own_log(store: str) -> LogSpec:
    return next(log for log in LOGS if log.store == store and log.when != "never")


def _log_format(log: LogSpec) -> str:
    """The numbers of a log's section, as the script writes them and as a Struct."""
    return "<dI4ddI4" + "I4dd" * len(log.windows)


def _header(log: LogSpec) -> Struct:
    return Struct(_log_format(log).replace("I4", "I"))


def _lua(text: bytes) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in text) + '"'


def _rare() -> Iterator[str]:
    """What only unusual payments need, made when first asked for: making functions costs a
    fifth of a usual payment."""
    yield "local made"
    yield "local function rare()"
    yield "if made then return made end"
    yield "local n = 0"
    yield "local function put(value) n = n + 1; out[n] = value end"
    yield "local function missing(count) for _ = 1, count do put(UNKNOWN) end end"
    yield from (_text(name) for name in _RARE)
    yield "made = {log = log_windows, peaks = peaks, seen = seen_value}"
    yield "return made"
    yield "end"


def _read() -> Iterator[str]:
    """Everything that a payment may need, in one call; the last key is the paying account
    as a counterparty."""
    keys = [
        "P .. ':epoch'",
        "P .. ':t:' .. id",
        *(f"KEYS[1] .. ':b:{kind}:' .. {_arg(kind)}" for kind in BLOCK_KINDS),
        f"P .. ':i:' .. {_arg('account')}",
        *(f"P .. ':e:{kind}:' .. {_arg(kind)}" for kind in SECTIONS),
        f"P .. ':e:counterparty:' .. {_arg('account')}",
    ]
    yield "local keys = {" + ",\n  ".join(keys) + "}"
    yield "local head = call('MGET', unpack(keys))"
    yield "if head[2] then return '=' .. head[2] end"
    yield "out[1] = head[1] and 1 or 0"
    for slot, at in ((2, 3), (3, 4), (4, 5)):
        yield f"out[{slot}] = head[{at}] and 1 or 0"
    yield "if head[6] then out[5], out[6] = unpacked('<dd', head[6])"
    yield "else out[5], out[6] = 0, 0 end"
    yield "local counterparty_log"


_FIRST_ENTITY_KEY = 7


def _entity(kind: str, limits: Limits, *, peek: bool) -> Iterator[str]:
    """One entity: read its string, let the payment count in each section, write it."""
    at, key, sections = _key_of(kind), _arg(kind), SECTIONS[kind]
    names = ", ".join(["labelled", *sections])
    yield f"if {key} ~= '' then"
    yield f"local {names} = unpacked('{_FORMATS[kind]}', head[{at}] or {_lua(_empty(kind))})"
    yield f"local late, turned = false, not head[{at}]"
    for log in LOGS:
        if log.key == kind and log.when != "never":
            yield from _log(log, limits)
    for seen in SEEN:
        if seen.owner == kind:
            yield from _seen_set(seen, limits)
    if kind == "account":
        yield f"profile = add_to_profile({_slot(PROFILE[0])}, profile, num(ARGV[7]))"
    yield from (line for risk in RISKS if risk.name == kind for line in _risk(risk))
    if kind == "counterparty":
        yield "counterparty_log = log_counterparty"
    if not peek:
        parts = ", ".join(f"#{name}, {name}" for name in sections)
        yield f"local kept = pack('{_FORMATS[kind]}', labelled, {parts})"
        yield f"if turned then call('SET', keys[{at}], kept, 'EX', {_ttl(_kept(kind))})"
        yield f"else call('SET', keys[{at}], kept, 'KEEPTTL') end"
    yield "end"


def _log(log: LogSpec, limits: Limits) -> Iterator[str]:
    """A payment in order at an ordinary log; any other goes to `rare`."""
    name, own, at = (
        f"log_{log.store}",
        log.when == "always",
        _slot(f"{log.name}_n_{log.windows[0]}"),
    )
    count, form = len(log.windows), f"'{_log_format(log)}'"
    header, owner = _header(log).size, f"'{log.store}', {_arg(log.key)}"
    limit = f"{log.retention}, {_ttl(log.retention)}"
    windows = ", ".join(f"p{i}, m{i}, b{i}" for i in range(count))
    if not own:
        yield "if ARGV[4] == '1' then"
    yield "do"
    yield f"local newest, last, sum, hole, side, {windows} = unpacked({form}, {name})"
    yield "if t < newest or side > 0 or hole ~= NEVER or last >= LOG_CAP then"
    yield (
        f"{name}{', late' if own else ''} = rare().log({at}, {name}, {owner}, true, {limit}, "
        f"{form}, {_table(log.lengths)})"
    )
    yield "else"
    yield "local earlier = sum"
    yield "last, sum = last + 1, sum + moved"
    for i, length in enumerate(log.lengths):
        yield f"if m{i} <= t - {length} then"
        yield f"if newest <= t - {length} then p{i}, m{i}, b{i} = last, t, earlier"
        yield f"else p{i}, m{i}, b{i} = locate({name}, {header}, {owner}, t - {length}, p{i} + 1) end"
        yield "end"
        yield f"out[{at + 2 * i}], out[{at + 2 * i + 1}] = last - p{i} + 1, sum - b{i}"
    yield (
        f"{name} = pack({form}, t, last, sum, hole, side, {windows}) .. "
        f"sub({name}, {header + 1}) .. pack('<dd', t, earlier)"
    )
    yield f"if #{name} > {header + 16 * limits.tail} then"
    yield f"{name} = spill({name}, {header}, last, {owner}, {limit})"
    yield "end"
    yield "end"
    if own:
        yield "if not late and floor(newest / DAY) ~= day then turned = true end"
    yield "end"
    if log.maxima:
        yield from _peaks(log)
    if not own:
        yield "else"
        yield from _read_only(log, log, name, owner)
        yield "end"


def _read_only(log: LogSpec, own: LogSpec, name: str, owner: str) -> Iterator[str]:
    """The windows of a log to which the payment does not belong."""
    at, header = _slot(f"{log.name}_n_{log.windows[0]}"), _header(own).size
    yield f"local newest, last, sum, hole, side = unpacked('<dI4ddI4', {name})"
    yield "if t < newest or side > 0 or hole ~= NEVER then"
    yield (
        f"rare().log({at}, {name}, {owner}, false, {own.retention}, {_ttl(own.retention)}, "
        f"'{_log_format(own)}', {_table(log.lengths)})"
    )
    yield "else"
    for i, length in enumerate(log.lengths):
        yield f"local p, _, b = locate({name}, {header}, {owner}, t - {length}, 0)"
        yield f"out[{at + 2 * i}], out[{at + 2 * i + 1}] = last - p + 1, sum - b"
    yield "end"


def _peaks(log: LogSpec) -> Iterator[str]:
    name, at = f"peaks_{log.name}", _slot(f"{log.name}_top_{log.maxima[0]}")
    lengths = _table(LENGTHS[window] for window in log.maxima)
    yield (
        f"{name} = not late and add_newest_peak({at}, {name}, {lengths})\n"
        f"or rare().peaks({at}, {name}, '{log.name}', {_arg(log.key)}, late, turned, "
        f"{_ttl(log.retention)}, {lengths})"
    )


def _seen_set(seen: SeenSpec, limits: Limits) -> Iterator[str]:
    name, at, value = f"seen_{seen.name}", _slot(f"{seen.name}_known"), _arg(seen.value)
    cap = seen.cap if limits.seen_cap is None else limits.seen_cap
    kept = PROFILE_TTL if seen.profile else _RETENTION[seen.owner]
    begins = [f"t - {LENGTHS[window]}" for window in seen.windows]
    counts = [f"out[{at + 1 + i}]" for i in range(len(begins))]
    begins += ["t"] * (2 - len(begins))
    yield "do"
    yield "local touched, known, one, other"
    yield "if not late then"
    yield (
        f"touched, known, one, other = touch_newest({name}, {value}, {min(limits.seen, cap)}, "
        f"{', '.join(begins)})"
    )
    yield "end"
    yield "if touched then"
    yield f"{name}, out[{at}] = touched, known"
    yield from (
        f"{slot} = {count}"
        for slot, count in zip(counts, ("one", "other"), strict=False)
    )
    yield "else"
    yield (
        f"{name} = rare().seen({at}, {name}, '{seen.name}', {_arg(seen.owner)}, {value}, late, "
        f"turned, {cap}, {_ttl(kept)}, {_table(LENGTHS[w] for w in seen.windows)})"
    )
    yield "end"
    yield "end"


def _risk(risk: RiskSpec) -> Iterator[str]:
    at = _slot(f"{risk.name}_frauds_{risk.windows[0]}")
    slots = ", ".join(f"out[{at + i}]" for i in range(len(risk.windows)))
    lengths = _table(LENGTHS[window] for window in risk.windows)
    yield "if labelled == 1 then"
    yield f"count_frauds({at}, P .. ':r:{risk.name}:' .. {_arg(risk.name)}, {LABEL_DELAY}, {lengths})"
    yield f"else {slots} = {', '.join('0' for _ in risk.windows)} end"


def _received() -> Iterator[str]:
    """Logs that are only read: the paying account as a counterparty, after this payment."""
    for log in LOGS:
        if log.when == "never":
            kind = log.store
            count = len(SECTIONS[kind])
            names = ", ".join(["_", f"log_{kind}", *["_"] * (count - 1)])
            yield "do"
            yield f"local {names} = unpacked('{_FORMATS[kind]}', "
            yield f"head[{len(SECTIONS) + _FIRST_ENTITY_KEY}] or {_lua(_empty(kind))})"
            yield f"if {_arg(kind)} == {_arg(log.key)} then log_{kind} = {kind}_log end"
            owner = f"'{kind}', {_arg(log.key)}"
            yield from _read_only(log, _own_log(kind), f"log_{kind}", owner)
            yield "end"


def _kept(kind: str) -> int:
    """How long an entity's string is kept after its newest payment."""
    return PROFILE_TTL if kind == "account" else _RETENTION[kind]


def _key_of(kind: str) -> int:
    return _FIRST_ENTITY_KEY + list(SECTIONS).index(kind)


def _slot(name: str) -> int:
    """Where a slot is in the answer, counted from 1."""
    return 1 + REPLY_HEAD + SLOT[name]


def _arg(name: str) -> str:
    return f"ARGV[{_FIRST_ENTITY + ENTITIES.index(name)}]"


def _table(lengths: Iterable[int]) -> str:
    return "{" + ",".join(str(length) for length in lengths) + "}"


def _ttl(microseconds: int) -> int:
    return (microseconds + _MARGIN) // 1_000_000
