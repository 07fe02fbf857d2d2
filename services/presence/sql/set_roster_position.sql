UPDATE counters SET value = $1 WHERE name = 'roster_position'
