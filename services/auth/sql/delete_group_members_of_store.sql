DELETE FROM group_members WHERE source = $1 RETURNING user_id, group_id
