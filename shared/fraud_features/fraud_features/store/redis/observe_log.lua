-- Logs in every case: late payments, far-late ones in the side set, caps.
--
-- Side: zset of far-late events, merged in when SIDE_CAP is reached; score moment, member
-- amount and id.
local NEWEST, LAST, SUM, HOLE, SIDE, WINDOWS = 1, 2, 3, 4, 5, 5

local function open_log(section, store, owner, format)
  local log = {unpacked(format, section)}
  log.tail, log.format = sub(section, table.remove(log)), format
  log.store, log.owner, log.blocks = store, owner, blocks_of(store, owner)
  log.side = P .. ':f:' .. store .. ':' .. owner
  return log
end

local function kept_log(log) return pack(log.format, unpack(log)) .. log.tail end

local function first_of_tail(log) return log[LAST] - #log.tail / RECORD + 1 end

local function find(log, moment)
  return locate(log.tail, 0, #log.tail, log[NEWEST], log[LAST], log[SUM], log.store, log.owner,
    moment, 0)
end

-- Adds blocks of the oldest records of a list until at most `most` are left, and returns
-- these. `position` is that of the first record.
local function add_blocks(log, records, position, most, retention, ttl)
  local key, first, batch = log.blocks, 1, {}
  while #records - first + 1 > most do
    local last = first + BLOCK - 1
    batch[#batch + 1] = (unpacked('<d', records[last]))
    batch[#batch + 1] = pack('>I8', position) .. table.concat(records, '', first, last)
    first, position = first + BLOCK, position + BLOCK
    if #batch >= 400 or #records - first + 1 <= most then
      call('ZADD', key, unpack(batch))
      batch = {}
    end
  end
  if first > 1 then
    call('ZREMRANGEBYSCORE', key, '-inf', log[NEWEST] - retention)
    call('EXPIRE', key, ttl)
  end
  return table.concat(records, '', first)
end

-- Inserts events {moment, amount} that are older than the newest: everything after the first
-- of them is written anew.
local function merge(log, events, retention, ttl)
  local position, records = first_of_tail(log), log.tail
  if position > 1 then
    local from = beyond(events[1][1])
    local blocks = call('ZRANGEBYSCORE', log.blocks, from, '+inf')
    if blocks[1] then
      call('ZREMRANGEBYSCORE', log.blocks, from, '+inf')
      position = unpacked('>I8', blocks[1])
      for i = 1, #blocks do blocks[i] = sub(blocks[i], 9) end
      records = table.concat(blocks) .. records
    end
  end
  local merged, i = {}, 1
  local moment, before = unpacked('<dd', records)
  local sum = before
  for at = RECORD + 1, #records + 1, RECORD do
    local next_moment, next_before = NEVER, log[SUM]
    if at < #records then next_moment, next_before = unpacked('<dd', records, at) end
    while events[i] and events[i][1] < moment do
      merged[#merged + 1] = pack('<dd', events[i][1], sum)
      sum = sum + events[i][2]
      i = i + 1
    end
    merged[#merged + 1] = pack('<dd', moment, sum)
    sum = sum + next_before - before
    moment, before = next_moment, next_before
  end
  log[LAST], log[SUM] = log[LAST] + #events, sum
  for window = WINDOWS + 1, #log, 3 do log[window], log[window + 1] = 0, NEVER end
  log.tail = add_blocks(log, merged, position, TAIL, retention, ttl)
end

local function merge_side(log, retention, ttl)
  local events, side = {}, call('ZRANGE', log.side, 0, -1, 'WITHSCORES')
  for i = 1, #side, 2 do
    events[#events + 1] = {num(side[i + 1]), (unpacked('<d', side[i]))}
  end
  if events[1] then merge(log, events, retention, ttl) end
  call('DEL', log.side)
  log[SIDE] = 0
end

local function insert_late(log, retention, ttl)
  if t <= log[NEWEST] - retention then return end
  if log[LAST] + 1 - find(log, t) <= SHIFT_CAP then
    return merge(log, {{t, moved}}, retention, ttl)
  end
  call('ZADD', log.side, t, pack('<d', moved) .. id)
  call('EXPIRE', log.side, ttl)
  log[SIDE] = log[SIDE] + 1
  if log[SIDE] >= SIDE_CAP then merge_side(log, retention, ttl) end
end

local function insert(log, retention, ttl)
  log.tail = log.tail .. pack('<dd', t, log[SUM])
  log[NEWEST], log[LAST], log[SUM] = t, log[LAST] + 1, log[SUM] + moved
  if #log.tail > TAIL * RECORD then
    log.tail = spill(log.tail, log[LAST], log.store, log.owner, retention, ttl)
  end
end

-- Marks what is beyond the cap: the newest event that it leaves out.
local function keep_cap(log, retention, ttl)
  local key, in_tail = log.blocks, #log.tail / RECORD
  local size = call('ZCARD', key) * BLOCK + in_tail
  if size + log[SIDE] <= LOG_CAP then return end
  if log[SIDE] > 0 then
    merge_side(log, retention, ttl)
    in_tail = #log.tail / RECORD
    size = call('ZCARD', key) * BLOCK + in_tail
  end
  local dropped = size - LOG_CAP
  if dropped <= 0 then return end
  local records, index = log.tail, dropped - (size - in_tail)
  if index <= 0 then
    local rank = floor((dropped - 1) / BLOCK)
    records, index = sub(call('ZRANGE', key, rank, rank)[1], 9), dropped - rank * BLOCK
    if rank > 0 then call('ZREMRANGEBYRANK', key, 0, rank - 1) end
  end
  log[HOLE] = max(log[HOLE], (unpacked('<d', records, RECORD * (index - 1) + 1)))
end

-- Far-late events that are not merged in yet, up to the payment.
local function aside(log, longest)
  local moments, amounts = {}, {}
  if log[SIDE] == 0 then return moments, amounts end
  local found = call('ZRANGEBYSCORE', log.side, beyond(t - longest), t, 'WITHSCORES')
  for i = 1, #found, 2 do
    moments[#moments + 1] = num(found[i + 1])
    amounts[#amounts + 1] = (unpacked('<d', found[i]))
  end
  return moments, amounts
end

local function put_window(count, total, begin, moments, amounts)
  for i = 1, #moments do
    if moments[i] > begin then
      count = count + 1
      total = total + amounts[i]
    end
  end
  put(count)
  put(total)
end

-- Windows that end with the newest event, which is this payment; `earlier` is the one before.
local function read_newest(log, lengths, earlier)
  local moments, amounts = aside(log, lengths[1])
  for i = 1, #lengths do
    local begin, w = t - lengths[i], WINDOWS + 3 * i - 2
    if begin < log[HOLE] then
      missing(2)
    else
      if log[w + 1] <= begin then
        if earlier <= begin then
          log[w], log[w + 1], log[w + 2] = log[LAST], t, log[SUM] - moved
        else
          log[w], log[w + 1], log[w + 2] = find(log, begin)
        end
      end
      put_window(log[LAST] - log[w] + 1, log[SUM] - log[w + 2], begin, moments, amounts)
    end
  end
end

-- Windows that end at the payment's moment, wherever that is in the log.
local function read_at(log, retention, lengths)
  local known_from = max(log[NEWEST] - retention, log[HOLE])
  local upto, _, sum = find(log, t)
  local moments, amounts = aside(log, lengths[1])
  for i = 1, #lengths do
    local begin = t - lengths[i]
    if begin < known_from then
      missing(2)
    else
      local from, _, before = find(log, begin)
      put_window(upto - from, sum - before, begin, moments, amounts)
    end
  end
end

-- Any payment and any log: count and sum of each window, longest first, after the payment was
-- added if it `adds`. `format` is that of the log's numbers. Returns the section, and whether the payment is older than the newest one.
local function log_windows(at, section, store, owner, adds, retention, ttl, format, lengths)
  n = at - 1
  local log = open_log(section, store, owner, format)
  local earlier = log[NEWEST]
  local late = t < earlier
  if not adds then
    read_at(log, retention, lengths)
    return section, late
  end
  if late then insert_late(log, retention, ttl) else insert(log, retention, ttl) end
  if log[LAST] + log[SIDE] > LOG_CAP then keep_cap(log, retention, ttl) end
  if late then read_at(log, retention, lengths) else read_newest(log, lengths, earlier) end
  return kept_log(log), late
end
