-- Begins the next epoch, if the present one holds: replaces the head, empties the evidence, files and publishes.
-- KEYS     1 record, 2 history, 3 acts
-- ARGV     1 epoch, 2 epochId: as read
--          3 how long an idle record is kept, 4 how long history and acts are (ms)
--          5 number of transitions, and of acts, that are kept
--          6 channel, 7 name of the circuit
--          8 version of the override as read (0: there was none), which is over then; empty: any will do
--          9 this transition with its epoch (JSON)
--          10 number of fields to remove, then these, then fields and values of the new head
-- Returns  1 moved or 0 refused, now (ms), fields and values of the record
-- include record.lua
-- include lists.lua

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
-- Before the lists: whatever lies under their keys, the fleet is to know.
push(channel, name, key)
file(history, entry, limit, keepHistoryMs)
if ended then file(acts, ended, limit, keepHistoryMs) end
return answer(1, key, nowMs)
