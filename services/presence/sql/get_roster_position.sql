SELECT value FROM counters WHERE name = 'roster_position'
