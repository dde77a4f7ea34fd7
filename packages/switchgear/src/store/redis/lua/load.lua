-- Reads a circuit. A script, so that the answer brings the time of the circuit's own node, and never comes from a replica.
-- KEYS     1 record
-- Returns  1, now (ms), fields and values of the record: none where it is missing

local time = redis.call('TIME')
return { 1, time[1] * 1000 + math.floor(time[2] / 1000), redis.call('HGETALL', KEYS[1]) }
