-- Seen sets in every case. Older values: zset, score last seen, member value; the section then
-- begins with three numbers: how many there are, the newest moment among them, and the hole,
-- which is when the newest value that the cap dropped was seen.
local SEEN_HEAD = 25

local function older_of(set) return P .. ':s:' .. set.name .. ':' .. set.owner end

local function open_set(section, newest, name, owner, cap, ttl)
  local set = {older = 0, older_newest = NEVER, hole = NEVER, entries = sub(section, 2),
    name = name, owner = owner, cap = cap, ttl = ttl}
  if unpacked('B', section) == 1 then
    set.older, set.older_newest, set.hole = unpacked('<ddd', section, 2)
    set.entries = sub(section, SEEN_HEAD + 1)
  end
  if set.entries ~= '' then set.entries = pack('<d', newest) .. sub(set.entries, 9) end
  return set
end

local function kept_set(set)
  if set.older == 0 and set.hole == NEVER then return '\0' .. set.entries end
  return '\1' .. pack('<ddd', set.older, set.older_newest, set.hole) .. set.entries
end

-- Moments of the entries but for one value, newest first, and where that one is.
local function scan(set, value)
  local entries, moments, at, from, upto, found = set.entries, {}, 1, nil, nil, nil
  while at <= #entries do
    local moment, other, next = unpacked(ENTRY, entries, at)
    if other == value then
      from, upto, found = at, next, moment
    else
      moments[#moments + 1] = moment
    end
    at = next
  end
  return moments, from, upto, found
end

-- Whether a text is before another by its bytes: `<` asks the locale.
local function is_before(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

-- Puts an entry in its place; entries of one moment are in the order of their values.
local function add_entry(set, value)
  local entries, at = set.entries, 1
  while at <= #entries do
    local moment, other, next = unpacked(ENTRY, entries, at)
    if moment < t or (moment == t and is_before(other, value)) then break end
    at = next
  end
  set.entries = sub(entries, 1, at - 1) .. pack(ENTRY, t, #value, value) .. sub(entries, at)
end

-- The entries from a place on join the older ones.
local function move_entries(set, at)
  local entries, batch = set.entries, {}
  set.entries = sub(entries, 1, at - 1)
  while at <= #entries do
    local moment, value, next = unpacked(ENTRY, entries, at)
    batch[#batch + 1] = moment
    batch[#batch + 1] = value
    set.older = set.older + 1
    set.older_newest = max(set.older_newest, moment)
    at = next
  end
  if not batch[1] then return end
  call('ZADD', older_of(set), unpack(batch))
  call('EXPIRE', older_of(set), set.ttl)
end

local function drop_oldest(set, size)
  local moment
  if set.older > 0 then
    set.older = set.older - 1
    moment = num(call('ZPOPMIN', older_of(set))[2] or NEVER)
  else
    local at, next = 1, 1
    for _ = 1, size do
      at = next
      moment, _, next = unpacked(ENTRY, set.entries, at)
    end
    set.entries = sub(set.entries, 1, at - 1)
  end
  set.hole = max(set.hole, moment)
end

-- A value seen at a moment that may not be the newest, among values that are elsewhere.
local function touch_older(set, value)
  move_entries(set, 1)
  local key = older_of(set)
  local last = num(call('ZSCORE', key, value) or NEVER)
  if last < t then
    call('ZADD', key, t, value)
    set.older_newest = max(set.older_newest, t)
  end
  set.older = call('ZCARD', key)
  if set.older > set.cap then drop_oldest(set) end
  return last ~= NEVER
end

-- Notes that the value was seen now. Says whether it was known, and how many entries there
-- are; `others` counts those of other values.
local function touch(set, value, late, others, from, upto, found)
  if set.older > 0 and (late or t == set.older_newest) then return touch_older(set, value) end
  local known = found ~= nil
  if known then
    if found >= t then return true end
    set.entries = sub(set.entries, 1, from - 1) .. sub(set.entries, upto)
  elseif set.older > 0 and call('ZREM', older_of(set), value) == 1 then
    known = true
    set.older = set.older - 1
  end
  add_entry(set, value)
  local size = others + 1
  if not known and size + set.older > set.cap then
    drop_oldest(set, size)
    if set.older == 0 then size = math.min(size, set.cap) end
  end
  if size > SEEN then
    local at = 1
    for _ = 1, floor(SEEN / 2) do _, _, at = unpacked(ENTRY, set.entries, at) end
    move_entries(set, at)
  end
  return known
end

-- Different values in each window that ends with the payment: `own` if its own is not among
-- these moments.
local function put_distinct(set, own, moments, lengths)
  for _, length in ipairs(lengths) do
    local begin = t - length
    if begin < set.hole then
      put(UNKNOWN)
    else
      local count = own
      for i = 1, #moments do
        if moments[i] <= begin then break end
        count = count + 1
      end
      if set.older_newest > begin and set.older > 0 then
        count = count + call('ZCOUNT', older_of(set), beyond(begin), '+inf')
      end
      put(count)
    end
  end
end

-- Any payment: whether its value was seen with the owner before, and the distinct counts, which
-- are unknown if the payment is late. Returns the section with the value, and when the newest
-- one was seen, which takes the place of what the section says.
local function seen_value(at, section, newest, name, owner, value, late, turned, cap, ttl, lengths)
  n = at - 1
  local set = open_set(section, newest, name, owner, cap, ttl)
  local moments, from, upto, found = scan(set, value)
  local own, older, hole = 0, set.older, set.hole
  if value == '' then
    put(UNKNOWN)
  else
    own = 1
    put(touch(set, value, late, #moments, from, upto, found) and 1 or 0)
    if older + set.older > 0 or set.hole ~= hole then
      own, moments = 0, scan(set)
    end
  end
  if late then
    missing(#lengths)
  else
    put_distinct(set, own, moments, lengths)
    if set.older > 0 and turned then call('EXPIRE', older_of(set), ttl) end
  end
  return kept_set(set), set.entries == '' and NEVER or unpacked('<d', set.entries)
end
