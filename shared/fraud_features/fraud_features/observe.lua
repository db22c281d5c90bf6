-- One payment: add it everywhere, read everything about it, answer one comma-separated line.
-- `redis_script.py` puts the limits above this text and one call per table row below it.
-- KEYS[1] prefix. ARGV: id, t, moved, small, squares_hi, squares_lo, hour, lat, lon, then
-- the entities in the order of ENTITIES. An empty argument is a missing one.
--
-- CALL is redis.call, or for a peek a wrapper that writes to copies.
--
-- Log:   zset, score t, member 'position|sum before|amount'; positions grow with t, so a
--        window's count and sum are one subtraction between two members.
-- Side:  zset of far-late events of a log, merged into it when SIDE_CAP is reached.
-- Peaks: zset, score t, member amount; amounts fall as t grows.
-- Seen:  zset, score last seen, member value.
local P = KEYS[1]
local call, fmt, match, num = CALL, string.format, string.match, tonumber
local id, T, moved, small = ARGV[1], ARGV[2], num(ARGV[3]), ARGV[4] == '1'
local t = num(T)
local day = math.floor(t / 86400000000)
local head = call('MGET', P .. ':epoch', P .. ':t:' .. id, P .. ':flagged',
  P .. ':b:card:' .. ARGV[11], P .. ':b:account:' .. ARGV[10], P .. ':b:device:' .. ARGV[12])
if head[2] then return '=' .. head[2] end
local flagged = head[3]
local out, n = {}, 0
-- By log: whether this payment is late for it, and whether it is the first of its day.
local late, turned = {}, {}

local function put(value)
  n = n + 1
  out[n] = value
end

local function whole(value) return fmt('%.0f', value) end

local function flag(key)
  return flagged and call('HGET', P .. ':flags', key)
end

local function set_flag(key, value)
  if not flagged then
    flagged = '1'
    call('SET', P .. ':flagged', '1')
  end
  call('HSET', P .. ':flags', key, value)
end

local function raise_hole(key, moment)
  if num(flag('h' .. key) or '-1e18') < num(moment) then set_flag('h' .. key, moment) end
end

local function parse(member)
  local position, before, amount = match(member, '^(%d+)|(%d+)|(%d+)')
  return num(position), num(before), num(amount)
end

local function entry(position, before, amount)
  return fmt('%012d|%.0f|%.0f', position, before, amount)
end

-- Insert events that are older than the log's newest: everything after them is renumbered.
local function merge(k, events)
  local first = whole(events[1][1])
  local later = call('ZRANGEBYSCORE', k, '(' .. first, '+inf', 'WITHSCORES')
  local base = call('ZREVRANGEBYSCORE', k, first, '-inf', 'LIMIT', 0, 1)[1]
  local position, sum = 0, 0
  if base then
    local before, amount
    position, before, amount = parse(base)
    sum = before + amount
  elseif later[1] then
    position, sum = parse(later[1])
    position = position - 1
  end
  call('ZREMRANGEBYSCORE', k, '(' .. first, '+inf')
  local batch, i, j = {}, 1, 1
  while i <= #events or later[j] do
    local moment, amount
    if not later[j] or (events[i] and events[i][1] < num(later[j + 1])) then
      moment, amount = whole(events[i][1]), events[i][2]
      i = i + 1
    else
      local _, _, known = parse(later[j])
      moment, amount = later[j + 1], known
      j = j + 2
    end
    position = position + 1
    batch[#batch + 1] = moment
    batch[#batch + 1] = entry(position, sum, amount)
    sum = sum + amount
    if #batch == 1000 then
      call('ZADD', k, unpack(batch))
      batch = {}
    end
  end
  if batch[1] then call('ZADD', k, unpack(batch)) end
end

local function merge_side(k)
  local events, side = {}, call('ZRANGE', k .. ':side', 0, -1, 'WITHSCORES')
  for i = 1, #side, 2 do
    events[#events + 1] = {num(side[i + 1]), num(match(side[i], '^(%d+)|'))}
  end
  if events[1] then merge(k, events) end
  call('DEL', k .. ':side')
  call('HDEL', P .. ':flags', 's' .. k)
end

local function insert_late(k, ttl)
  if call('ZCOUNT', k, '(' .. T, '+inf') <= SHIFT_CAP then
    merge(k, {{t, moved}})
    return
  end
  call('ZADD', k .. ':side', T, whole(moved) .. '|' .. id)
  call('EXPIRE', k .. ':side', ttl)
  set_flag('s' .. k, '1')
  if call('ZCARD', k .. ':side') >= SIDE_CAP then merge_side(k) end
end

local function keep_cap(k, newest, retention)
  if call('ZCARD', k) + call('ZCARD', k .. ':side') <= LOG_CAP then return end
  if flag('s' .. k) then merge_side(k) end
  call('ZREMRANGEBYSCORE', k, '-inf', whole(newest - retention))
  while call('ZCARD', k) > LOG_CAP do
    raise_hole(k, call('ZPOPMIN', k)[2])
  end
end

-- Add the payment to a log. Says when the log's newest event was before it, whether that
-- was another day, and, for a payment in order, its position and the sum up to it.
local function add(k, retention, ttl)
  local top = call('ZREVRANGE', k, 0, 0, 'WITHSCORES')
  local position, before, amount, newest = 0, 0, 0, nil
  if top[1] then
    position, before, amount = parse(top[1])
    newest = num(top[2])
  end
  local in_order = not newest or t >= newest
  local another_day = not newest or math.floor(newest / 86400000000) ~= day
  if in_order then
    call('ZADD', k, T, entry(position + 1, before + amount, moved))
    if another_day then
      call('ZREMRANGEBYSCORE', k, '-inf', whole(t - retention))
      call('EXPIRE', k, ttl)
    end
  elseif t > newest - retention then
    insert_late(k, ttl)
  end
  if position + SIDE_CAP >= LOG_CAP then
    keep_cap(k, math.max(newest or t, t), retention)
    -- It may have merged the side in, and every position with it.
    return newest, another_day, in_order
  end
  return newest, another_day, in_order, position + 1, before + amount + moved
end

-- Count and sum of the windows (t - length, t], longest first. `earlier` is the newest event
-- before a payment that was added in order, at `last_position` with `sum` up to it.
local function windows(k, newest, retention, lengths, earlier, last_position, sum)
  local upto = last_position
  if not upto then
    upto = call('ZREVRANGEBYSCORE', k, T, '-inf', 'LIMIT', 0, 1)[1]
    last_position, sum = 0, 0
    if upto then
      local before, amount
      last_position, before, amount = parse(upto)
      sum = before + amount
    end
  end
  local known_from = math.max(newest - retention, num(flag('h' .. k) or '-1e18'))
  local side, moments, amounts = {}, {}, {}
  if flag('s' .. k) then
    side = call('ZRANGEBYSCORE', k .. ':side', '(' .. whole(t - lengths[1]), T, 'WITHSCORES')
  end
  for i = 1, #side, 2 do
    moments[#moments + 1] = num(side[i + 1])
    amounts[#amounts + 1] = num(match(side[i], '^(%d+)|'))
  end
  local moment, position, before = -math.huge, 0, 0
  for _, length in ipairs(lengths) do
    local begin = t - length
    if begin < known_from then
      put('')
      put('')
    else
      if earlier and earlier <= begin then
        moment, position, before = t, last_position, sum - moved
      elseif upto and moment <= begin then
        local found = call('ZRANGEBYSCORE', k, '(' .. whole(begin), T, 'WITHSCORES', 'LIMIT', 0, 1)
        if found[1] then
          moment = num(found[2])
          position, before = parse(found[1])
        else
          upto = nil
        end
      end
      local count, total = 0, 0
      if upto then count, total = last_position - position + 1, sum - before end
      for i = 1, #moments do
        if moments[i] > begin then
          count = count + 1
          total = total + amounts[i]
        end
      end
      put(count)
      put(whole(total))
    end
  end
end

local function missing(count)
  for _ = 1, count do put('') end
end

local function log(name, store, entity, when, retention, ttl, lengths)
  if entity == '' then return missing(2 * #lengths) end
  local k = P .. ':l:' .. store .. ':' .. entity
  if when == 'always' or (when == 'small' and small) then
    local newest, another_day, in_order, position, sum = add(k, retention, ttl)
    late[name] = not in_order
    turned[name] = another_day
    if in_order and position then
      return windows(k, t, retention, lengths, newest or -math.huge, position, sum)
    end
    return windows(k, in_order and t or newest, retention, lengths)
  end
  local top = call('ZREVRANGE', k, 0, 0, 'WITHSCORES')
  if top[1] then return windows(k, num(top[2]), retention, lengths) end
  for _ = 1, 2 * #lengths do put(0) end
end

local function peaks(name, entity, ttl, lengths)
  if entity == '' then return missing(#lengths) end
  local k = P .. ':m:' .. name .. ':' .. entity
  local after = late[name] and call('ZRANGEBYSCORE', k, '(' .. T, '+inf', 'LIMIT', 0, 1)[1]
  if not (after and num(after) >= moved) then
    local top = call('ZREVRANGEBYSCORE', k, T, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
    while top[1] and num(top[1]) <= moved do
      call('ZREM', k, top[1])
      top = call('ZREVRANGEBYSCORE', k, T, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
    end
    -- Members of one score are ordered as text: of one instant only the largest may stay.
    if not (top[1] and num(top[2]) == t) then call('ZADD', k, T, whole(moved)) end
    if turned[name] then
      call('ZREMRANGEBYSCORE', k, '-inf', whole(t - lengths[1]))
      call('EXPIRE', k, ttl)
    end
  end
  if late[name] then return missing(#lengths) end
  for _, length in ipairs(lengths) do
    put(call('ZRANGEBYSCORE', k, '(' .. whole(t - length), '+inf', 'LIMIT', 0, 1)[1] or 0)
  end
end

local function seen(name, owner, entity, value, cap, ttl, lengths)
  if entity == '' then return missing(1 + #lengths) end
  local k = P .. ':s:' .. name .. ':' .. entity
  if value == '' then
    put('')
  else
    local last = call('ZSCORE', k, value)
    put(last and 1 or 0)
    if not last then
      call('ZADD', k, T, value)
      call('EXPIRE', k, ttl)
      if call('ZCARD', k) > cap then raise_hole(k, call('ZPOPMIN', k)[2]) end
    elseif num(last) < t then
      call('ZADD', k, T, value)
      if math.floor(num(last) / 86400000000) ~= day then call('EXPIRE', k, ttl) end
    end
  end
  if late[owner] then return missing(#lengths) end
  local hole = num(flag('h' .. k) or '-1e18')
  for _, length in ipairs(lengths) do
    if t - length < hole then
      put('')
    else
      put(call('ZCOUNT', k, '(' .. whole(t - length), '+inf'))
    end
  end
end

local function profile(entity, hour, ttl)
  local k = P .. ':p:' .. entity
  local before, same, after = 'h' .. (hour + 23) % 24, 'h' .. hour, 'h' .. (hour + 1) % 24
  local p = call('HMGET', k, 'n', 'c', 's', 'qh', 'ql', 'f', 'l', 'g', 'y', 'x', before, same, after)
  for i = 1, 5 do put(p[i] or 0) end
  for i = 6, 10 do put(p[i] or '') end
  for i = 11, 13 do put(p[i] or 0) end
  local new = {'n', (p[1] or 0) + 1, same, (p[12] or 0) + 1}
  if moved > 0 then
    local sums = {'c', (p[2] or 0) + 1, 's', whole((p[3] or 0) + moved),
      'qh', whole((p[4] or 0) + num(ARGV[5])), 'ql', whole((p[5] or 0) + num(ARGV[6]))}
    for i = 1, #sums do new[#new + 1] = sums[i] end
  end
  local function set(field, value)
    new[#new + 1] = field
    new[#new + 1] = value
  end
  if not p[6] or t < num(p[6]) then set('f', T) end
  if not p[7] or t >= num(p[7]) then set('l', T) end
  if ARGV[8] ~= '' and (not p[8] or t >= num(p[8])) then
    set('g', T)
    set('y', ARGV[8])
    set('x', ARGV[9])
  end
  call('HSET', k, unpack(new))
  if not p[7] or math.floor(num(p[7]) / 86400000000) ~= day then call('EXPIRE', k, ttl) end
end

local function risk(name, entity, labelled, delay, lengths)
  if entity == '' then return missing(#lengths) end
  if labelled == 0 then
    for _ = 1, #lengths do put(0) end
    return
  end
  local k = P .. ':r:' .. name .. ':' .. entity
  for _, length in ipairs(lengths) do
    put(call('ZCOUNT', k, '(' .. whole(t - delay - length), whole(t - delay)))
  end
end

put(head[1] and 1 or 0)
put(head[4] and 1 or 0)
put(head[5] and 1 or 0)
put(head[6] and 1 or 0)
local stand_in = call('HMGET', P .. ':i:' .. ARGV[10], 'n', 's')
put(stand_in[1] or 0)
put(stand_in[2] or 0)
