-- $2: requests too; $3 and $4: after this time and, at this time, this person
SELECT user_id, role, created_at_us FROM group_members
WHERE group_id = $1 AND ($2 = TRUE OR role <> 'requested')
  AND (created_at_us > $3 OR (created_at_us = $3 AND user_id > $4))
ORDER BY created_at_us, user_id LIMIT $5
