-- Networks have to be compared one by one; there are few. Bounded all the same.
SELECT value, expires_at_us FROM bans
WHERE kind = 'address' AND (expires_at_us IS NULL OR expires_at_us > $1) LIMIT 10000
