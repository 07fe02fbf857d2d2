-- Claims that say nothing any more need not be known.
SELECT user_id, revision, state, reason, expires_at_us, is_last_seen_hidden FROM claims
WHERE user_id > $1 AND (state <> 0 OR reason <> '' OR is_last_seen_hidden = $2)
ORDER BY user_id LIMIT $3
