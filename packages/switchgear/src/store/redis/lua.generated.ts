/** Made of lua/*.lua by `node scripts/generate-lua.mjs`. Edit those. */

export const SCRIPTS = {
  amend: {
    sha1: '988e09e606840c73d731d736cf811f8c1e41e67c',
    text: `local function read(key)
local flat, record = redis.call('HGETALL', key), {}
for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
return record
end
local function now()
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function holds(record, epoch, id)
if not record.epoch then return epoch == 0 end
return tonumber(record.epoch) == epoch and record.epochId == id
end
local function set(key, record, first)
for i = first, #ARGV, 2 do record[ARGV[i]] = ARGV[i + 1] end
redis.call('HSET', key, unpack(ARGV, first))
end
local function create(key, record, first, nowMs)
if record.epoch then return end
set(key, record, first)
record.sinceMs = string.format('%.0f', nowMs)
redis.call('HSET', key, 'sinceMs', record.sinceMs)
end
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
local function push(channel, name, key)
redis.pcall('PUBLISH', channel, cjson.encode({ name, redis.call('HGETALL', key) }))
end
local function file(key, entry, limit, keepMs)
redis.call('LPUSH', key, entry)
redis.call('LTRIM', key, 0, limit - 1)
redis.call('PEXPIRE', key, keepMs)
end
local function act(record, field)
return '{"' .. field .. '":' .. record[field] .. '}'
end
local key, acts, nowMs = KEYS[1], KEYS[2], now()
local epoch, epochId, field = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local readVersion, version, value = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local channel, name, keepMs, limit = ARGV[7], ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local record = read(key)
if not holds(record, epoch, epochId) or tonumber(record[field .. 'Version'] or 0) ~= readVersion then
return answer(0, key, nowMs)
end
local before = record[field] and act(record, field)
create(key, record, 11, nowMs)
redis.call('HSET', key, field, value, field .. 'Version', version)
redis.call('PERSIST', key)
push(channel, name, key)
if before then file(acts, before, limit, keepMs) end
return answer(1, key, nowMs)`,
  },
  lease: {
    sha1: '2097f48f825b1da35ef53468911bb5570716014f',
    text: `local function read(key)
local flat, record = redis.call('HGETALL', key), {}
for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
return record
end
local function now()
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function holds(record, epoch, id)
if not record.epoch then return epoch == 0 end
return tonumber(record.epoch) == epoch and record.epochId == id
end
local function set(key, record, first)
for i = first, #ARGV, 2 do record[ARGV[i]] = ARGV[i + 1] end
redis.call('HSET', key, unpack(ARGV, first))
end
local function create(key, record, first, nowMs)
if record.epoch then return end
set(key, record, first)
record.sinceMs = string.format('%.0f', nowMs)
redis.call('HSET', key, 'sinceMs', record.sinceMs)
end
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
local function push(channel, name, key)
redis.pcall('PUBLISH', channel, cjson.encode({ name, redis.call('HGETALL', key) }))
end
local key, nowMs = KEYS[1], now()
local epoch, epochId, keepMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local slot, lease, boundMs = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local field = 'lease' .. ARGV[4]
local record = read(key)
local held = record[field] and cjson.decode(record[field])
if
not holds(record, epoch, epochId)
or slot >= tonumber(record.slots or 0)
or (held and nowMs < held.untilMs + boundMs)
then
return answer(0, key, nowMs)
end
redis.call('HSET', key, field, lease)
if held then redis.call('HINCRBY', key, 'lapses', 1) end
expire(key, record, nowMs, keepMs)
return answer(1, key, nowMs)`,
  },
  load: {
    sha1: 'f2adc088fc33533dd2e6bdb6c1ba9232407ad927',
    text: `local time = redis.call('TIME')
return { 1, time[1] * 1000 + math.floor(time[2] / 1000), redis.call('HGETALL', KEYS[1]) }`,
  },
  report: {
    sha1: 'd80a2762ec07204dcabcd93cb601d161f7fffbd5',
    text: `local function read(key)
local flat, record = redis.call('HGETALL', key), {}
for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
return record
end
local function now()
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function holds(record, epoch, id)
if not record.epoch then return epoch == 0 end
return tonumber(record.epoch) == epoch and record.epochId == id
end
local function set(key, record, first)
for i = first, #ARGV, 2 do record[ARGV[i]] = ARGV[i + 1] end
redis.call('HSET', key, unpack(ARGV, first))
end
local function create(key, record, first, nowMs)
if record.epoch then return end
set(key, record, first)
record.sinceMs = string.format('%.0f', nowMs)
redis.call('HSET', key, 'sinceMs', record.sinceMs)
end
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
local function push(channel, name, key)
redis.pcall('PUBLISH', channel, cjson.encode({ name, redis.call('HGETALL', key) }))
end
local key, nowMs = KEYS[1], now()
local epoch, epochId, keepMs, counters = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local record = read(key)
if not holds(record, epoch, epochId) then return answer(0, key, nowMs) end
create(key, record, 5 + counters * 2, nowMs)
local oldest = math.floor(nowMs / record.bucketMs) - record.buckets + 1
for i = 5, counters * 2 + 4, 2 do
if tonumber(ARGV[i]:match('%d+$')) >= oldest then redis.call('HINCRBY', key, ARGV[i], ARGV[i + 1]) end
end
for field in pairs(record) do
local slot = tonumber(field:match('^[cfsijv](%d+)$'))
if slot and slot < oldest then redis.call('HDEL', key, field) end
end
expire(key, record, nowMs, keepMs)
return answer(1, key, nowMs)`,
  },
  settle: {
    sha1: 'b676fe7ea42f37698032462f375bce685fe919cb',
    text: `local function read(key)
local flat, record = redis.call('HGETALL', key), {}
for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
return record
end
local function now()
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function holds(record, epoch, id)
if not record.epoch then return epoch == 0 end
return tonumber(record.epoch) == epoch and record.epochId == id
end
local function set(key, record, first)
for i = first, #ARGV, 2 do record[ARGV[i]] = ARGV[i + 1] end
redis.call('HSET', key, unpack(ARGV, first))
end
local function create(key, record, first, nowMs)
if record.epoch then return end
set(key, record, first)
record.sinceMs = string.format('%.0f', nowMs)
redis.call('HSET', key, 'sinceMs', record.sinceMs)
end
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
local function push(channel, name, key)
redis.pcall('PUBLISH', channel, cjson.encode({ name, redis.call('HGETALL', key) }))
end
local key, nowMs = KEYS[1], now()
local epoch, epochId, keepMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local lease, id, verdict = 'lease' .. ARGV[4], ARGV[5], ARGV[6]
local channel, name = ARGV[7], ARGV[8]
local record = read(key)
local held = record[lease] and cjson.decode(record[lease])
if not holds(record, epoch, epochId) or not held or held.id ~= id or nowMs >= held.untilMs then
return answer(0, key, nowMs)
end
redis.call('HDEL', key, lease)
if verdict ~= '' then
record[verdict] = redis.call('HINCRBY', key, verdict, 1)
redis.call('HSET', key, 'lapses', 0)
end
expire(key, record, nowMs, keepMs)
if tonumber(record.failures) == 0 and tonumber(record.successes) < tonumber(record.successesNeeded) then
push(channel, name, key)
end
return answer(1, key, nowMs)`,
  },
  transition: {
    sha1: '58c55a311b1ddc04f647491caa9fe53a08779247',
    text: `local function read(key)
local flat, record = redis.call('HGETALL', key), {}
for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
return record
end
local function now()
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function holds(record, epoch, id)
if not record.epoch then return epoch == 0 end
return tonumber(record.epoch) == epoch and record.epochId == id
end
local function set(key, record, first)
for i = first, #ARGV, 2 do record[ARGV[i]] = ARGV[i + 1] end
redis.call('HSET', key, unpack(ARGV, first))
end
local function create(key, record, first, nowMs)
if record.epoch then return end
set(key, record, first)
record.sinceMs = string.format('%.0f', nowMs)
redis.call('HSET', key, 'sinceMs', record.sinceMs)
end
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
local function push(channel, name, key)
redis.pcall('PUBLISH', channel, cjson.encode({ name, redis.call('HGETALL', key) }))
end
local function file(key, entry, limit, keepMs)
redis.call('LPUSH', key, entry)
redis.call('LTRIM', key, 0, limit - 1)
redis.call('PEXPIRE', key, keepMs)
end
local function act(record, field)
return '{"' .. field .. '":' .. record[field] .. '}'
end
local key, history, acts, nowMs = KEYS[1], KEYS[2], KEYS[3], now()
local epoch, epochId, keepMs, keepHistoryMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local limit, channel, name = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local override, entry, removed = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
local record = read(key)
if
not holds(record, epoch, epochId)
or (override and tonumber(record.overrideVersion or 0) ~= override)
then
return answer(0, key, nowMs)
end
local ended = override and record.override and act(record, 'override')
for field in pairs(record) do
if field:match('^[cfsijv]%d+$') or field:match('^lease%d+$') then redis.call('HDEL', key, field) end
end
for i = 11, 10 + removed do
if record[ARGV[i]] then redis.call('HDEL', key, ARGV[i]) end
record[ARGV[i]] = nil
end
set(key, record, 11 + removed)
expire(key, record, nowMs, keepMs)
push(channel, name, key)
file(history, entry, limit, keepHistoryMs)
if ended then file(acts, ended, limit, keepHistoryMs) end
return answer(1, key, nowMs)`,
  },
} as const;
