SELECT value, hash FROM counters WHERE name = 'audit'
