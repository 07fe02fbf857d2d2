-- Hands out $1 numbers; the row stays locked until the commit, so they become visible in order.
UPDATE counters SET value = value + $1 WHERE name = 'changes' RETURNING value
