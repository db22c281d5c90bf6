"""Erasing an account, card or device: its keys, and the script for what others saw of it."""

from collections.abc import Iterable, Iterator

from fraud_features.store.redis.lua_codegen import KINDS
from fraud_features.store.schema import (
    DISTINCTS,
    LOGS,
    RISKS,
    DistinctSpec,
    entities_of_own,
)

# What may be a person's own, and so a value in the seen sets of other entities.
_OWN = ("account", "card", "device", "counterparty")


def own_keys(own: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """The parts of every key, after the layout, that may hold something of these."""
    for kind, name in entities_of_own(own):
        yield "e", kind, name
        for log in LOGS:
            if log.key == kind:
                yield from ((part, log.store, name) for part in "lf")
                yield "m", log.name, name
        for seen in DISTINCTS:
            if seen.owner == kind:
                yield "s", seen.name, name
        if any(risk.name == kind for risk in RISKS):
            yield "r", kind, name
        if kind == "account":
            yield "i", name


# Puts another text of the same length in a seen set: in its entity's string, whose parts
# then keep their places, and among the older values. `first` is the number that holds the
# length of the string's first part, `at` the one of the set.
_RENAME = """
local value, id, nobody = ARGV[1], ARGV[2], ARGV[3]
local unpacked, sub = struct.unpack, string.sub
local function rename(name, format, header, first, at, owner, key)
  local kept = redis.call('GET', key)
  if kept then
    local numbers = {unpacked(format, kept)}
    local start = header
    for i = first, at - 1 do start = start + numbers[i] end
    local stop = start + numbers[at]
    local place = start + 2
    if stop > start and unpacked('B', kept, start + 1) == 1 then place = start + 26 end
    while place <= stop do
      local _, other, next = unpacked('<dI2c0', kept, place)
      if other == id then
        kept = sub(kept, 1, next - #id - 1) .. nobody .. sub(kept, next)
        redis.call('SET', key, kept, 'KEEPTTL')
      end
      place = next
    end
  end
  local older = P .. ':s:' .. name .. ':' .. owner
  local score = redis.call('ZSCORE', older, id)
  if score then
    redis.call('ZREM', older, id)
    redis.call('ZADD', older, score, nobody)
  end
end
"""


def forget_script(layout: str) -> str:
    """ARGV: kind and id of what is forgotten, the text in its place, then kind and id of
    each entity that may have seen it."""
    return "\n".join(
        (
            f"local P = KEYS[1] .. ':{layout}'",
            _RENAME,
            "for i = 4, #ARGV, 2 do",
            "local kind, owner = ARGV[i], ARGV[i + 1]",
            "local key = P .. ':e:' .. kind .. ':' .. owner",
            *(_call(seen) for seen in DISTINCTS if seen.value in _OWN),
            "end",
        )
    )


def _call(seen: DistinctSpec) -> str:
    entity = KINDS[seen.owner]
    numbers = list(entity.fields)
    first = numbers.index(f"{entity.parts[0]}_size") + 1
    at = numbers.index(f"{seen.name}_set_size") + 1
    return (
        f"if kind == '{seen.owner}' and value == '{seen.value}' then "
        f"rename('{seen.name}', '{entity.format}', {entity.header}, {first}, {at}, "
        "owner, key) end"
    )
