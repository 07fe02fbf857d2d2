-- Somebody who is there already, or has asked to be, keeps their place as people gave it.
INSERT INTO group_members (group_id, user_id, role, source, created_at_us)
SELECT group_id, $2, 'member', $3, $4 FROM groups WHERE group_id = $1 ON CONFLICT DO NOTHING
