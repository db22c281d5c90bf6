-- Maxima in every case. Older ones: zset of what does not fit, score moment, member amount;
-- of one instant only the largest, because members of one score are ordered as text.
-- The records with the payment in its place.
local function insert_peak(records)
  local stop = #records
  while stop > 0 and unpacked('<d', records, stop - 15) > t do stop = stop - RECORD end
  local rest = sub(records, stop + 1)
  if rest ~= '' and unpacked('<d', rest, 9) >= moved then return records end
  while stop > 0 do
    local moment, amount = unpacked('<dd', records, stop - 15)
    if amount > moved then
      if moment == t then return sub(records, 1, stop) .. rest end
      break
    end
    stop = stop - RECORD
  end
  return sub(records, 1, stop) .. pack('<dd', t, moved) .. rest
end

local function move_peaks(key, records, longest, ttl)
  if records == '' then return end
  local batch = {}
  for at = 1, #records, RECORD do
    local moment, amount = unpacked('<dd', records, at)
    batch[#batch + 1] = moment
    batch[#batch + 1] = fmt('%.0f', amount)
  end
  call('ZADD', key, unpack(batch))
  call('ZREMRANGEBYSCORE', key, '-inf', t - longest)
  call('EXPIRE', key, ttl)
end

-- The same as insert_peak, in the sorted set. Says whether anything is there.
local function insert_older_peak(key)
  local after = call('ZRANGEBYSCORE', key, beyond(t), '+inf', 'LIMIT', 0, 1)[1]
  if after and num(after) >= moved then return true end
  local function top() return call('ZREVRANGEBYSCORE', key, t, '-inf', 'WITHSCORES', 'LIMIT', 0, 1) end
  local found = top()
  while found[1] and num(found[1]) <= moved do
    call('ZREM', key, found[1])
    found = top()
  end
  if not found[1] and not after then return false end
  if num(found[2]) ~= t then call('ZADD', key, t, fmt('%.0f', moved)) end
  return true
end

local function add_peak(section, key, late, longest, ttl)
  local older, records = unpacked('B', section) == 1, sub(section, 2)
  if not older then
    records = insert_peak(records)
  elseif not late and records ~= '' and unpacked('<d', records, 9) > moved then
    records = insert_peak(records)
  else
    move_peaks(key, records, longest, ttl)
    records = ''
    older = insert_older_peak(key)
    if not older then records = pack('<dd', t, moved) end
  end
  if #records > PEAKS * RECORD then
    local moving = floor(PEAKS / 2 + 1) * RECORD
    move_peaks(key, sub(records, 1, moving), longest, ttl)
    older, records = true, sub(records, moving + 1)
  end
  return older, records
end

-- Any payment: the section with it, and maxima of windows that end with it, longest first;
-- unknown if it is late. `turned`: the payment before was on another day.
local function peaks(at, section, name, owner, late, turned, ttl, lengths)
  n = at - 1
  local key = P .. ':m:' .. name .. ':' .. owner
  local older, records = add_peak(section, key, late, lengths[1], ttl)
  if late then
    missing(#lengths)
  else
    if older and turned then call('EXPIRE', key, ttl) end
    local first = 1
    for _, length in ipairs(lengths) do
      local top = older and call('ZRANGEBYSCORE', key, beyond(t - length), '+inf', 'LIMIT', 0, 1)[1]
      while first < #records and unpacked('<d', records, first) <= t - length do
        first = first + RECORD
      end
      put(top and num(top) or first < #records and unpacked('<d', records, first + 8) or 0)
    end
  end
  return pack('B', older and 1 or 0) .. records
end
