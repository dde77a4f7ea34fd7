-- Gives a probe slot back with its verdict, if the epoch holds and the slot has this lease and the lease is not over.
-- KEYS     1 record
-- ARGV     1 epoch, 2 epochId: as read
--          3 how long an idle record is kept (ms)
--          4 slot, 5 id of its lease
--          6 field that counts the verdict: successes or failures; empty: it counts for nothing
--          7 channel, 8 name of the circuit
-- Returns  1 settled or 0 refused, now (ms), fields and values of the record
-- include record.lua

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
-- The slot is free for the next probe. A verdict that ends the epoch is told by the transition alone: else all would try it.
if tonumber(record.failures) == 0 and tonumber(record.successes) < tonumber(record.successesNeeded) then
  push(channel, name, key)
end
return answer(1, key, nowMs)
