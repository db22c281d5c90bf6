"""The Redis scripts: the observe_*.lua files driven by the tables of `schema`, and short
ones for labels, stand-in approvals and a reset.

The tables become plain calls in the text, because a script builds its tables anew for
every payment. `scripts` with its default limits is what `generated/*.lua` holds, for readers
and reviewers; a store sends exactly that text.
"""

from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

from fraud_features.store.observation import BLOCK_KINDS
from fraud_features.store.redis.forgetting import forget_script
from fraud_features.store.redis.lua_codegen import (
    DEFAULT_LIMITS,
    KINDS,
    Limits,
    arg,
    log_fields,
    lua,
    observe_entity,
    read_log,
    ttl,
)
from fraud_features.store.redis.lua_text import readable
from fraud_features.store.redis.reply import REPLY_TYPES
from fraud_features.store.schema import (
    DISTINCTS,
    LOGS,
    PROFILE,
    PROFILE_TTL,
    REPLY_TTL,
    RISK_RETENTION,
    RISKS,
)

# Raise it when the scripts read or write the same tables in another way.
_FORM = 3
# The classes' names when this was first computed: renaming one empties no store.
_FIRST_NAMES = {"WindowSpec": "LogSpec", "DistinctSpec": "SeenSpec"}


def layout_version(*tables: object) -> str:
    """Part of every key but blocks. Data of another version is not read, so the store is
    cold until it is rebuilt, which removes that data. The tables say what is kept and how
    long, so whoever changes a row of them changes the version."""
    text = repr((_FORM, *tables))
    for name, first in _FIRST_NAMES.items():
        text = text.replace(f"{name}(", f"{first}(")
    return f"{_FORM}-{sha256(text.encode()).hexdigest()[:8]}"


LAYOUT_VERSION = layout_version(LOGS, DISTINCTS, PROFILE, RISKS, REPLY_TYPES)
_RARE = ("observe_log", "observe_peaks", "observe_seen")
_FIRST_ENTITY_KEY = 7
_NOTHING_KNOWN = "{" + ",".join(["UNKNOWN"] * len(REPLY_TYPES)) + "}"
_KEEP_REPLY = f"""
call('SET', keys[2], line, 'EX', {REPLY_TTL // 1_000_000})
return line
"""

# Counts an approval without full evidence, or with no amount starts again at zero.
_STAND_IN = f"""
local key = KEYS[1] .. ':{LAYOUT_VERSION}:i:' .. ARGV[1]
if not ARGV[2] then return redis.call('DEL', key) end
local kept, count, sum = redis.call('GET', key), 0, 0
if kept then count, sum = struct.unpack('<dd', kept) end
kept = struct.pack('<dd', count + 1, sum + tonumber(ARGV[2]))
redis.call('SET', key, kept, 'EX', {PROFILE_TTL // 1_000_000})
"""

# Forgets every key below the prefix but blocks. ARGV[1] is the glob of all of them.
_RESET = f"""
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
    copies[key] = P .. ':p:' .. key
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


def scripts(limits: Limits = DEFAULT_LIMITS) -> dict[str, str]:
    """Name and text of every script. They are the same for each store with these limits."""
    texts = {
        "observe": _observe_script(limits),
        "peek": _observe_script(limits, peek=True),
        "label": _label_script(),
        "stand_in": _STAND_IN,
        "reset": _RESET,
        "forget": forget_script(LAYOUT_VERSION),
    }
    return {name: readable("script.py", text) for name, text in texts.items()}


def _observe_script(limits: Limits, *, peek: bool = False) -> str:
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
            *_entities(limits, peek=peek),
            *_received(),
            f"local line = pack('<{''.join(REPLY_TYPES)}', unpack(out))",
            _PEEK_END if peek else _KEEP_REPLY,
        )
    )


def _label_script() -> str:
    """A label at its places. ARGV: transaction id, event time, whether it is a fraud, then
    kind and id of each place.

    The first byte of an entity's string says that it has, or had, labelled frauds.
    """
    kinds = [KINDS[risk.name] for risk in RISKS]
    empty = ", ".join(f"{kind.kind} = {lua(kind.empty)}" for kind in kinds)
    kept = ", ".join(f"{kind.kind} = {ttl(kind.retention)}" for kind in kinds)
    return f"""
local P = KEYS[1] .. ':{LAYOUT_VERSION}'
local empty, kept = {{{empty}}}, {{{kept}}}
for i = 4, #ARGV, 2 do
  local kind, key = ARGV[i], ':' .. ARGV[i] .. ':' .. ARGV[i + 1]
  local frauds, entity = P .. ':r' .. key, P .. ':e' .. key
  if ARGV[3] == '1' then
    redis.call('ZADD', frauds, ARGV[2], ARGV[1])
    local newest = tonumber(redis.call('ZREVRANGE', frauds, 0, 0, 'WITHSCORES')[2])
    local upto = string.format('%.0f', newest - {RISK_RETENTION})
    local dropped = redis.call('ZREVRANGEBYSCORE', frauds, upto, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if dropped[1] then
      redis.call('ZREMRANGEBYSCORE', frauds, '-inf', upto)
      redis.call('ZADD', frauds, dropped[2], '')
    end
    redis.call('EXPIRE', frauds, {ttl(RISK_RETENTION)})
    redis.call('SET', entity, empty[kind], 'EX', kept[kind], 'NX')
    redis.call('SETRANGE', entity, 0, '\\1')
  else
    redis.call('ZREM', frauds, ARGV[1])
  end
end
"""


def _text(name: str) -> str:
    return (
        files("fraud_features.store.redis").joinpath(f"{name}.lua").read_text("utf-8")
    )


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
        *(f"KEYS[1] .. ':b:{kind}:' .. {arg(kind)}" for kind in BLOCK_KINDS),
        f"P .. ':i:' .. {arg('account')}",
        *(f"P .. ':e:{kind}:' .. {arg(kind)}" for kind in KINDS),
        f"P .. ':e:counterparty:' .. {arg('account')}",
    ]
    yield "local keys = {" + ",\n  ".join(keys) + "}"
    yield "local head = call('MGET', unpack(keys))"
    yield "if head[2] then return '=' .. head[2] end"
    yield "out[1] = head[1] and 1 or 0"
    for slot, at in ((2, 3), (3, 4), (4, 5)):
        yield f"out[{slot}] = head[{at}] and 1 or 0"
    yield "if head[6] then out[5], out[6] = unpacked('<dd', head[6])"
    yield "else out[5], out[6] = 0, 0 end"
    yield "local new_counterparty"


def _entities(limits: Limits, *, peek: bool) -> Iterator[str]:
    profile = _text("observe_profile")
    for key, kind in enumerate(KINDS, _FIRST_ENTITY_KEY):
        for line in observe_entity(kind, key, limits, peek=peek):
            yield profile if line == "PROFILE" else line


def _received() -> Iterator[str]:
    """Logs that are only read: the paying account as a counterparty, after this payment."""
    for log in LOGS:
        if log.when == "never":
            entity = KINDS[log.store]
            own, tail = entity.logs[0], entity.parts[0]
            numbers = {"_": "B", **log_fields(own)}
            form = "<" + "".join(numbers.values())
            size_at = entity.header - 4 * len(entity.parts)
            yield "do"
            yield f"local kept = {arg(log.store)} == {arg(log.key)} and new_{log.store}"
            yield f"or head[{_FIRST_ENTITY_KEY + len(KINDS)}] or {lua(entity.empty)}"
            yield f"local {', '.join(numbers)} = unpacked('{form}', kept)"
            yield f"local {tail}_at, {tail}_size = {entity.header}, unpacked('<I4', kept, {size_at + 1})"
            where = f"kept, {tail}_at, {tail}_size"
            yield from read_log(log, own, where, f"'{log.store}', {arg(log.key)}")
            yield "end"
