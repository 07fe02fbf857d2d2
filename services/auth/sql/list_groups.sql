-- $1: who asks; $2: sees private ones of others too; $3: only those of $1; $4 and $5: range of
-- names; $6: names after this one.
SELECT g.group_id, g.name, g.name_folded, g.kind, g.description, g.created_at_us,
    (SELECT count(*) FROM group_members c WHERE c.group_id = g.group_id AND c.role <> 'requested') AS member_count
FROM groups g
WHERE g.name_folded > $6 AND g.name_folded >= $4 AND g.name_folded < $5
  AND ($2 = TRUE OR g.kind <> 'private' OR g.group_id IN (
      SELECT m.group_id FROM group_members m WHERE m.user_id = $1 AND m.role <> 'requested'))
  AND ($3 = FALSE OR g.group_id IN (
      SELECT m.group_id FROM group_members m WHERE m.user_id = $1 AND m.role <> 'requested'))
ORDER BY g.name_folded LIMIT $7
