-- Gives a probe slot back with its verdict, if the epoch holds and the slot has this lease and the lease is not over.
-- KEYS     1 record
-- ARGV     1 epoch, 2 epochId: as read
--          3 how long an idle record is kept (ms)
--          4 slot, 5 id of its lease
--          6 field that counts the verdict: successes or failures; empty: it counts for nothing
-- Returns  1 settled or 0 refused, now (ms), fields and values of the record
-- include record.lua

local key, nowMs = KEYS[1], now()
local epoch, epochId, keepMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local lease, id, verdict = 'lease' .. ARGV[4], ARGV[5], ARGV[6]
local record = read(key)
local held = record[lease] and cjson.decode(record[lease])
if not holds(record, epoch, epochId) or not held or held.id ~= id or nowMs >= held.untilMs then
  return answer(0, key, nowMs)
end

redis.call('HDEL', key, lease)
if verdict ~= '' then
  redis.call('HINCRBY', key, verdict, 1)
  redis.call('HSET', key, 'lapses', 0)
end
expire(key, nowMs, keepMs)
return answer(1, key, nowMs)
