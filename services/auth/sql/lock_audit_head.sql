-- An update locks in both engines and returns the head of the chain.
UPDATE counters SET value = value WHERE name = 'audit' RETURNING value, hash
