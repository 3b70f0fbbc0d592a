#!lua flags=no-writes
-- The version and the beginning of a sandbox and, from the same moment, its state or one of its logs.
--
-- KEYS: meta, and the state or the log. ARGV: "state" or "log".
local content
if ARGV[1] == 'state' then
  content = redis.call('HGETALL', KEYS[2])
else
  content = redis.call('LRANGE', KEYS[2], 0, -1)
end
return {redis.call('HGET', KEYS[1], 'version') or '0', redis.call('HGET', KEYS[1], 'born') or '0', content}
