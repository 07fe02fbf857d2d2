-- One at a time: who becomes the first administrator, who makes the next key.
UPDATE counters SET value = value WHERE name = 'setup'
