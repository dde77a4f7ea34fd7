-- What history and acts have in common.

-- Puts an entry at the head of a list, which keeps `limit` of them, for keepMs from now on.
local function file(key, entry, limit, keepMs)
  redis.call('LPUSH', key, entry)
  redis.call('LTRIM', key, 0, limit - 1)
  redis.call('PEXPIRE', key, keepMs)
end

-- An operator's word as the list of acts has it.
local function act(record, field)
  return '{"' .. field .. '":' .. record[field] .. '}'
end
