-- One payment: add it everywhere, read everything about it, answer one packed line.
-- `redis_script.py` puts the limits above this text, and one block per entity below it.
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

-- Position, moment and sum before of the first event of a log after a moment. `from` is a
-- position that it is not before, and often at.
local function locate(section, header, store, owner, moment, from)
  local newest, last, sum = unpacked('<dI4d', section)
  if newest <= moment then return last + 1, NEVER, sum end
  local records, start = section, header
  local first = last - (#section - header) / RECORD + 1
  if first > 1 and unpacked('<d', section, header + 1) > moment then
    local block = call('ZRANGEBYSCORE', blocks_of(store, owner), beyond(moment), '+inf',
      'LIMIT', 0, 1)[1]
    if block then records, start, first = block, 8, unpacked('>I8', block) end
  end
  local low, high = max(from - first, 0), (#records - start) / RECORD
  local found, before = unpacked('<dd', records, start + RECORD * low + 1)
  if found > moment then return first + low, found, before end
  while low < high do
    local middle = floor((low + high) / 2)
    if unpacked('<d', records, start + RECORD * middle + 1) <= moment then
      low = middle + 1
    else
      high = middle
    end
  end
  found, before = unpacked('<dd', records, start + RECORD * low + 1)
  return first + low, found, before
end

-- One block leaves the tail. Its key outlives its events: it is renewed with each block.
local function spill(section, header, last, store, owner, retention, ttl)
  local size = (#section - header) / RECORD
  if spilled and size <= 2 * TAIL then return section end
  spilled = true
  local key, stop = blocks_of(store, owner), header + BLOCK * RECORD
  local score = unpacked('<d', section, stop - RECORD + 1)
  call('ZADD', key, score, pack('>I8', last - size + 1) .. sub(section, header + 1, stop))
  call('ZREMRANGEBYSCORE', key, '-inf', t - retention)
  call('EXPIRE', key, ttl)
  return sub(section, 1, header) .. sub(section, stop + 1)
end

-- A payment in order whose values all fit: the seen set with it, whether its value was seen
-- before, and the distinct values after two moments. Nothing where it is not so simple.
local function touch_newest(section, value, most, begin, other_begin)
  if unpacked('B', section) == 1 then return nil end
  local at, size, from, upto, count, other_count = 2, 0, nil, nil, 1, 1
  while at <= #section do
    local moment, other, next = unpacked(ENTRY, section, at)
    if other == value then
      from, upto = at, next
    else
      if moment == t then return nil end
      size = size + 1
      if moment > begin then count = count + 1 end
      if moment > other_begin then other_count = other_count + 1 end
    end
    at = next
  end
  if value == '' then return section, UNKNOWN, count - 1, other_count - 1 end
  if not from then
    if size >= most then return nil end
    return '\0' .. pack(ENTRY, t, #value, value) .. sub(section, 2), 0, count, other_count
  end
  if from == 2 then return '\0' .. pack('<d', t) .. sub(section, 10), 1, count, other_count end
  return '\0' .. pack(ENTRY, t, #value, value) .. sub(section, 2, from - 1) .. sub(section, upto),
    1, count, other_count
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

local function add_to_profile(at, section, hour)
  local count, typical, sum, high, low, first, last, located, lat, lon = unpacked('<dddddddddd', section)
  local function by_hour(h) return 80 + 1 + 4 * (h % 24) end
  local same = unpacked('<I4', section, by_hour(hour))
  out[at], out[at + 1], out[at + 2], out[at + 3], out[at + 4] = count, typical, sum, high, low
  if first ~= NEVER then out[at + 5] = first end
  if last ~= NEVER then out[at + 6] = last end
  if located ~= NEVER then out[at + 7], out[at + 8], out[at + 9] = located, lat, lon end
  out[at + 10] = unpacked('<I4', section, by_hour(hour + 23))
  out[at + 11] = same
  out[at + 12] = unpacked('<I4', section, by_hour(hour + 1))
  if moved > 0 then
    typical, sum = typical + 1, sum + moved
    high, low = high + num(ARGV[5]), low + num(ARGV[6])
  end
  if first == NEVER or t < first then first = t end
  if t >= last then last = t end
  if ARGV[8] ~= '' and t >= located then located, lat, lon = t, num(ARGV[8]), num(ARGV[9]) end
  return pack('<dddddddddd', count + 1, typical, sum, high, low, first, last, located, lat, lon)
    .. sub(section, 81, by_hour(hour) - 1) .. pack('<I4', same + 1) .. sub(section, by_hour(hour) + 4)
end

-- Labelled frauds: a zset, score event time, member transaction id.
local function count_frauds(at, key, delay, lengths)
  for i, length in ipairs(lengths) do
    out[at + i - 1] = call('ZCOUNT', key, beyond(t - delay - length), fmt('%.0f', t - delay))
  end
end
