-- kind 3: SESSION_REVOKED
SELECT ref FROM changes WHERE kind = 3 AND created_at_us >= $1
