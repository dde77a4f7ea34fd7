-- What the scripts have in common. Each takes it in where it says `-- include record.lua`.
-- Times are milliseconds since 1970 by this server's clock. Fields: docs/redis.md.

-- The record's fields by name; none where there is no record.
local function read(key)
  local flat, record = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
  return record
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Whether nobody has moved the circuit since it was read. Epoch 0 also holds while there is no record.
local function holds(record, epoch, id)
  if not record.epoch then return epoch == 0 end
  return tonumber(record.epoch) == epoch and record.epochId == id
end

-- Sets the fields and values from ARGV[first] on.
local function set(key, record, first)
  for i = first, #ARGV, 2 do record[ARGV[i]] = ARGV[i + 1] end
  redis.call('HSET', key, unpack(ARGV, first))
end

-- Makes a record that is missing of the fields and values from ARGV[first] on, as of now.
local function create(key, record, first, nowMs)
  if record.epoch then return end
  set(key, record, first)
  record.sinceMs = string.format('%.0f', nowMs)
  redis.call('HSET', key, 'sinceMs', record.sinceMs)
end

-- Lets the record expire keepMs after all that it says is over, unless an operator's word lies in it. `record` is up to date.
local function expire(key, record, nowMs, keepMs)
  if record.policyVersion or tonumber(record.overrideVersion or 0) > tonumber(record.settledOverride or 0) then
    redis.call('PERSIST', key)
    return
  end
  local openMs = tonumber(record.openUntilMs or 0)
  local rampMs = (record.sinceMs or 0) + (record.rampMs or 0)
  local leaseMs = nowMs + (record.leaseMs or 0)
  redis.call('PEXPIREAT', key, string.format('%.0f', math.max(openMs, rampMs, leaseMs) + keepMs))
end

local function answer(accepted, key, nowMs)
  return { accepted, nowMs, redis.call('HGETALL', key) }
end

-- Tells the subscribers. Whoever may not publish, by the server's ACL, has written all the same.
local function push(channel, name, key)
  redis.pcall('PUBLISH', channel, cjson.encode({ name, redis.call('HGETALL', key) }))
end
