-- Replace entries of a log, if they are there.
--
-- KEYS: the log. ARGV: each entry as it may stand there, and as it should.
local size = 0
for index = 1, #ARGV, 2 do
  local place = redis.call('LPOS', KEYS[1], ARGV[index], 'RANK', -1)
  if place then
    redis.call('LSET', KEYS[1], place, ARGV[index + 1])
    size = size + 1
  end
end
return size
