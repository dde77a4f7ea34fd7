-- Adds evidence to a circuit, if its epoch holds, and drops the buckets that have left the window.
-- KEYS     1 record
-- ARGV     1 epoch, 2 epochId: as read
--          3 how long an idle record is kept (ms)
--          4 number of counters, then for each: its field, what is added
--          then fields and values of a record that is missing
-- Returns  1 added or 0 refused, now (ms), fields and values of the record
-- include record.lua

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
return answer(1, key, nowMs)
