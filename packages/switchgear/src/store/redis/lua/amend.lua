-- Puts an operator's word (an override, settings) beside the state, if nobody else has done so since it was read, and files
-- the one before.
-- KEYS     1 record, 2 acts
-- ARGV     1 epoch, 2 epochId: as read
--          3 field: override or policy
--          4 its version as read (0: there was none), 5 its new version, 6 its new value (JSON)
--          7 channel, 8 name of the circuit
--          9 how long acts are kept (ms), 10 how many
--          then fields and values of a record that is missing
-- Returns  1 written or 0 refused, now (ms), fields and values of the record
-- include record.lua
-- include lists.lua

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
-- Before the list: whatever lies under its key, the fleet is to know.
push(channel, name, key)
if before then file(acts, before, limit, keepMs) end
return answer(1, key, nowMs)
