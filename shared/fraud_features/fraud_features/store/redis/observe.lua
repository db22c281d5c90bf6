-- One payment: add it everywhere, read everything about it, answer one packed line.
-- `script.py` puts the limits above this text, and one block per entity below it.
-- KEYS[1] prefix. ARGV: id, t, moved, small, squares_hi, squares_lo, hour, lat, lon, then the
-- entities. An empty argument is a missing one. CALL is redis.call, or for a peek a wrapper
-- that writes to copies.
--
-- All that an entity needs for a usual payment is one string: what is newest of its logs,
-- maxima and seen sets, and the profile. One MGET reads these strings, one SET each writes
-- them. Older things lie in sorted sets, which a usual payment rarely touches.
--
-- The string is a byte that says whether a label was ever applied to the entity, then
-- sections, each with its length:
-- Log:     numbers: newest moment, position of the newest event, sum with it, hole (the newest
--          event that the cap dropped), events in the side set; for each window position,
--          moment and sum before of its first event (a moment of NEVER: look it up). Then the
--          tail: the newest events, oldest first, each its moment and the sum before it.
--          Positions count from 1 without a gap, so a window's count and sum are one
--          subtraction each. Blocks: zset of older events, BLOCK to a member; score moment of
--          the last one, member position of the first one (big-endian: ties keep their order)
--          and the events.
-- Maxima:  a byte that says whether there are older ones, then moments and amounts, oldest
--          first: only events that no later one reaches, so amounts fall as moments grow.
-- Seen:    a byte that says whether there are more numbers (observe_seen.lua), then when each
--          value was last seen, and the value, newest first.
-- Profile: ten numbers, NEVER where there is none; payments by hour of the day.
local call, pack, unpacked, sub = CALL, struct.pack, struct.unpack, string.sub
local fmt, num, floor, max = string.format, tonumber, math.floor, math.max
local id, t, moved = ARGV[1], num(ARGV[2]), num(ARGV[3])
local DAY, NEVER, UNKNOWN = 86400000000, -4611686018427387904, -2147483648
local RECORD, BLOCK, ENTRY = 16, 16, '<dI2c0'
local day = floor(t / DAY)
local out = NOTHING_KNOWN
-- Moving old events of a log out is put off while this payment has done so for another.
local spilled = false

local function blocks_of(store, owner) return P .. ':l:' .. store .. ':' .. owner end

-- A bound that leaves this moment out, for a range of scores.
local function beyond(moment) return fmt('(%.0f', moment) end

-- Position, moment and sum before of the first event of a log after a moment. The tail is
-- `size` bytes of the text; `from` is a position that the event is not before, and often at.
local function locate(text, start, size, newest, last, sum, store, owner, moment, from)
  if newest <= moment then return last + 1, NEVER, sum end
  local high = size / RECORD
  local first = last - high + 1
  if first > 1 and unpacked('<d', text, start + 1) > moment then
    local block = call('ZRANGEBYSCORE', blocks_of(store, owner), beyond(moment), '+inf',
      'LIMIT', 0, 1)[1]
    if block then text, start, high, first = block, 8, BLOCK, unpacked('>I8', block) end
  end
  local low = max(from - first, 0)
  local found, before = unpacked('<dd', text, start + RECORD * low + 1)
  if found > moment then return first + low, found, before end
  while low < high do
    local middle = floor((low + high) / 2)
    if unpacked('<d', text, start + RECORD * middle + 1) <= moment then
      low = middle + 1
    else
      high = middle
    end
  end
  found, before = unpacked('<dd', text, start + RECORD * low + 1)
  return first + low, found, before
end

-- One block leaves the tail. Its key outlives its events: it is renewed with each block.
local function spill(tail, last, store, owner, retention, ttl)
  local size = #tail / RECORD
  if spilled and size <= 2 * TAIL then return tail end
  spilled = true
  local key, stop = blocks_of(store, owner), BLOCK * RECORD
  local score = unpacked('<d', tail, stop - RECORD + 1)
  call('ZADD', key, score, pack('>I8', last - size + 1) .. sub(tail, 1, stop))
  call('ZREMRANGEBYSCORE', key, '-inf', t - retention)
  call('EXPIRE', key, ttl)
  return sub(tail, stop + 1)
end

-- A payment in order whose values all fit: whether its value was seen before, the distinct
-- values after two moments, and the set if it is not the same but for when its first value was
-- last seen. Nothing where it is not so simple. The set is `size` bytes of the text.
local function touch_newest(text, start, size, value, newest, most, begin, other_begin)
  if unpacked('B', text, start + 1) == 1 then return nil end
  local first, stop, others, from, upto, count, other_count = start + 2, start + size, 0, nil, nil, 1, 1
  local at, moment, other, next = first, nil, nil, nil
  while at <= stop do
    moment, other, next = unpacked(ENTRY, text, at)
    if at == first then moment = newest end
    if other == value then
      from, upto = at, next
    else
      if moment == t then return nil end
      others = others + 1
      if moment > begin then count = count + 1 end
      if moment > other_begin then other_count = other_count + 1 end
    end
    at = next
  end
  if value == '' then return UNKNOWN, count - 1, other_count - 1 end
  if from == first then return 1, count, other_count end
  if not from and others >= most then return nil end
  local set = '\0' .. pack(ENTRY, t, #value, value)
  if not from then
    if others > 0 then set = set .. pack('<d', newest) .. sub(text, first + 8, stop) end
    return 0, count, other_count, set
  end
  set = set .. pack('<d', newest) .. sub(text, first + 8, from - 1) .. sub(text, upto, stop)
  return 1, count, other_count, set
end

-- A payment in order whose maxima all fit: the section with it; nothing otherwise.
local function add_newest_peak(at, section, lengths)
  if unpacked('B', section) == 1 or #section > PEAKS * RECORD then return nil end
  local stop, moment, amount = #section, nil, nil
  while stop > 1 do
    moment, amount = unpacked('<dd', section, stop - RECORD + 1)
    if amount > moved then break end
    stop = stop - RECORD
  end
  if stop == 1 or moment < t then section = sub(section, 1, stop) .. pack('<dd', t, moved) end
  local first, gone = 2, 2
  for i, length in ipairs(lengths) do
    moment, amount = unpacked('<dd', section, first)
    while moment <= t - length do
      first = first + RECORD
      moment, amount = unpacked('<dd', section, first)
    end
    if i == 1 then gone = first end
    out[at + i - 1] = amount
  end
  if gone > 2 then section = '\0' .. sub(section, gone) end
  return section
end

-- Labelled frauds: a zset, score event time, member transaction id. A member without a name
-- says when the newest was made that is too old to be kept.
local function count_frauds(at, key, delay, lengths)
  local hole = num(call('ZSCORE', key, '') or NEVER)
  for i, length in ipairs(lengths) do
    local begin = t - delay - length
    out[at + i - 1] = begin < hole and UNKNOWN
      or call('ZCOUNT', key, beyond(begin), fmt('%.0f', t - delay))
  end
end
