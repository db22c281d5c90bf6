"""The Redis scripts: `observe.lua` driven by the tables of `layout`, and the label script.

The tables become plain calls in the text, because a script builds its tables anew for
every payment.
"""

from collections.abc import Iterable
from importlib.resources import files

from fraud_features.layout import (
    DAY,
    LABEL_DELAY,
    LENGTHS,
    LOGS,
    PROFILE_TTL,
    REPLY_TTL,
    RISK_RETENTION,
    RISKS,
    SEEN,
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

LABEL_SCRIPT = f"""
local newest
for i = 4, #ARGV do
  local k = KEYS[1] .. ':r:' .. ARGV[i]
  if ARGV[3] == '1' then
    redis.call('ZADD', k, ARGV[2], ARGV[1])
    newest = tonumber(redis.call('ZREVRANGE', k, 0, 0, 'WITHSCORES')[2])
    redis.call('ZREMRANGEBYSCORE', k, '-inf', string.format('%.0f', newest - {RISK_RETENTION}))
    redis.call('EXPIRE', k, {(RISK_RETENTION + _MARGIN) // 1_000_000})
  else
    redis.call('ZREM', k, ARGV[1])
  end
end
"""

# Forgets every key below the prefix but blocks. ARGV[1] is the glob of all of them.
RESET_SCRIPT = """
local blocks = KEYS[1] .. ':b:'
local cursor = '0'
redis.call('DEL', KEYS[1] .. ':epoch')
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
local reads = {ZCARD=1, ZCOUNT=1, ZRANGE=1, ZRANGEBYSCORE=1, ZREVRANGE=1, ZSCORE=1,
  ZREVRANGEBYSCORE=1, HGET=1, HMGET=1}
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
return table.concat(out, ',')
"""


def observe_script(
    *,
    log_cap: int,
    seen_cap: int | None,
    shift_cap: int,
    side_cap: int,
    peek: bool = False,
) -> str:
    """The text of the observe script, or with `peek` of one that leaves nothing behind.

    `shift_cap`: a late event behind at most this many newer ones is put in place at once;
    behind more it waits in the side set, which is merged at `side_cap` events.
    """
    limits = (
        f"local LOG_CAP, SHIFT_CAP, SIDE_CAP = {log_cap}, {shift_cap}, {side_cap}\n"
    )
    body = files("fraud_features").joinpath("observe.lua").read_text(encoding="utf-8")
    calls = "\n".join(_calls(seen_cap))
    if peek:
        return limits + _PEEK_CALL + body + calls + _PEEK_END
    return limits + "local CALL = redis.call\n" + body + calls + _keep_reply()


def _calls(seen_cap: int | None) -> Iterable[str]:
    retention = {spec.store: spec.retention for spec in LOGS if spec.when != "never"}
    for log in LOGS:
        keep = retention[log.store]
        yield (
            f"log('{log.name}', '{log.store}', {_entity(log.key)}, '{log.when}', {keep}, "
            f"{_ttl(keep)}, {_table(log.lengths)})"
        )
        if log.maxima:
            lengths = [LENGTHS[window] for window in log.maxima]
            yield f"peaks('{log.name}', {_entity(log.key)}, {_ttl(keep)}, {_table(lengths)})"
    for seen in SEEN:
        keep = PROFILE_TTL if seen.profile else retention[seen.owner]
        cap = seen.cap if seen_cap is None else seen_cap
        yield (
            f"seen('{seen.name}', '{seen.owner}', {_entity(seen.owner)}, "
            f"{_entity(seen.value)}, {cap}, {_ttl(keep)}, "
            f"{_table(LENGTHS[w] for w in seen.windows)})"
        )
    yield f"profile({_entity('account')}, tonumber(ARGV[7]), {_ttl(PROFILE_TTL)})"
    keys = ", ".join(
        f"P .. ':r:{risk.name}:' .. {_entity(risk.name)}" for risk in RISKS
    )
    yield f"local labelled = call('EXISTS', {keys})"
    for risk in RISKS:
        lengths = [LENGTHS[window] for window in risk.windows]
        yield f"risk('{risk.name}', {_entity(risk.name)}, labelled, {LABEL_DELAY}, {_table(lengths)})"


def _keep_reply() -> str:
    seconds = REPLY_TTL // 1_000_000
    return f"""
local line = table.concat(out, ',')
call('SET', P .. ':t:' .. id, line, 'EX', {seconds})
return line
"""


def _entity(name: str) -> str:
    return f"ARGV[{_FIRST_ENTITY + ENTITIES.index(name)}]"


def _table(lengths: Iterable[int]) -> str:
    return "{" + ",".join(str(length) for length in lengths) + "}"


def _ttl(microseconds: int) -> int:
    return (microseconds + _MARGIN) // 1_000_000
