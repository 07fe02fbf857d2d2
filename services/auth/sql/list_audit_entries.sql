-- $1: before this number; $2 with $3: only of this person; $4 and $5: range of actions, unless $4 is
-- empty; $6: only about this target, unless empty
SELECT seq, created_at_us, actor_id, action, target, site_id, client_address, detail, hash FROM audit_entries
WHERE seq < $1 AND ($2 = FALSE OR actor_id = $3)
  AND ($4 = '' OR (action >= $4 AND action < $5)) AND ($6 = '' OR target = $6)
ORDER BY seq DESC LIMIT $7
