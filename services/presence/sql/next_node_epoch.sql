UPDATE counters SET value = value + 1 WHERE name = 'node_epoch' RETURNING value
