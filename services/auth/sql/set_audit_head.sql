UPDATE counters SET value = $1, hash = $2 WHERE name = 'audit'
