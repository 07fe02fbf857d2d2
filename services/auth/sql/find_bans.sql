SELECT 1 FROM bans
WHERE (expires_at_us IS NULL OR expires_at_us > $3)
  AND ((kind = 'username' AND value = $1) OR (kind = 'device' AND value = $2))
LIMIT 1
