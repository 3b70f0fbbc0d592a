-- One step of one sandbox: it happens if nobody else has changed the sandbox since the caller last saw it, or not at
-- all. A version is the microsecond of its change, so that even a server that lost its data never gives one twice.
--
-- KEYS: meta, state, changes, then one for each log.
-- ARGV: in one text, with spaces between: what to do (write, reset or drop), the version that was seen ("0": there was
--       no sandbox), now, born, the time to live in ms, whether it begins anew ("1"; new keys get it anyway), how many
--       changes to keep, who asks, for how many microseconds the sandbox is to be the caller's alone if this step
--       cannot happen (0: not at all), the number of fields to set, the number of fields to remove;
--       the changes as JSON ("" for none); each field to set, with its value; each field to remove;
--       for each log: in one text "clear" or "keep", how many entries stay, with how many bytes together, the number
--       of new entries; then each entry.
--
-- Each argument costs the caller more than it costs here to split one.
local meta, state, changes = KEYS[1], KEYS[2], KEYS[3]

local function words(text)
  local found = {}
  for word in string.gmatch(text, '%S+') do
    table.insert(found, word)
  end
  return unpack(found)
end

local verb, seen, now, born, life, due, keep, who, claim, sets, removals = words(ARGV[1])
local change = ARGV[2]
local at = 2
local is_new_key = due == '1'

local function take()
  at = at + 1
  return ARGV[at]
end

local time = redis.call('TIME')
local microseconds = time[1] * 1000000 + time[2]
local version, claimed_by, claimed_until = unpack(redis.call('HMGET', meta, 'version', 'claimed_by', 'claimed_until'))
version = version or '0'
local is_free = not claimed_by or claimed_by == who or microseconds > tonumber(claimed_until)
if version ~= seen or not is_free then
  if is_free and claim ~= '0' and version ~= '0' then
    redis.call('HSET', meta, 'claimed_by', who, 'claimed_until', string.format('%.0f', microseconds + claim))
  end
  local missed = {}
  for _, entry in ipairs(redis.call('LRANGE', changes, -keep, -1)) do
    local before, content = string.match(entry, '^(%d+) (.*)$')
    if before == seen or #missed > 0 then
      table.insert(missed, content)
    end
  end
  return {0, version, missed}
end

if verb ~= 'write' then
  redis.call('DEL', unpack(KEYS))
  if verb == 'drop' then
    return {1, '0'}
  end
end

if change ~= '' or seen == '0' or verb == 'reset' then
  version = string.format('%.0f', math.max(microseconds, tonumber(seen) + 1))
end
if change ~= '' then
  is_new_key = redis.call('RPUSH', changes, seen .. ' ' .. change) == 1 or is_new_key
  redis.call('LTRIM', changes, -keep, -1)
end

local fields, values = {}, {}
for index = 1, tonumber(sets) do
  fields[index], values[index] = take(), take()
end
for first = 1, #fields, 1000 do
  local last = math.min(first + 999, #fields)
  local old = redis.call('HMGET', state, unpack(fields, first, last))
  local pairs_of = {}
  for index = first, last do
    local before = old[index - first + 1]
    local order = before and string.match(before, '^%d+') or version .. string.format('%06d', index)
    table.insert(pairs_of, fields[index])
    table.insert(pairs_of, order .. ' ' .. values[index])
  end
  local added = redis.call('HSET', state, unpack(pairs_of))
  is_new_key = is_new_key or (added > 0 and redis.call('HLEN', state) == added)
end
for _ = 1, tonumber(removals) do
  redis.call('HDEL', state, take())
end

local about = {'version', version, 'used', now}
for log = 4, #KEYS do
  local field = 'bytes ' .. KEYS[log]
  local size
  local fate, stay, stay_bytes, entries = words(take())
  if fate == 'clear' then
    redis.call('DEL', KEYS[log])
    size = 0
  end
  stay, stay_bytes, entries = tonumber(stay), tonumber(stay_bytes), tonumber(entries)
  if entries > 0 then
    size = size or tonumber(redis.call('HGET', meta, field) or 0)
    local count
    for _ = 1, entries do
      local entry = take()
      size = size + #entry
      count = redis.call('RPUSH', KEYS[log], entry)
      is_new_key = is_new_key or count == 1
    end
    while count > 0 and (count > stay or size > stay_bytes) do
      size = size - #redis.call('LPOP', KEYS[log])
      count = count - 1
    end
  end
  if size then
    table.insert(about, field)
    table.insert(about, size)
  end
end
if seen == '0' or verb == 'reset' then
  table.insert(about, 'born')
  table.insert(about, born)
end
redis.call('HSET', meta, unpack(about))
if claimed_by then
  redis.call('HDEL', meta, 'claimed_by', 'claimed_until')
end
if is_new_key or verb == 'reset' then
  for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, life)
  end
end
return {1, version}
