-- Takes a probe slot, if the epoch holds and the slot is free, or its lease is over by every process's clock.
-- KEYS     1 record
-- ARGV     1 epoch, 2 epochId: as read
--          3 how long an idle record is kept (ms)
--          4 slot, 5 lease (JSON)
--          6 how far clocks may differ (ms)
-- Returns  1 taken or 0 refused, now (ms), fields and values of the record
-- include record.lua

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
return answer(1, key, nowMs)
