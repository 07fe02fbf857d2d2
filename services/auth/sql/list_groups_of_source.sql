SELECT group_id FROM group_members WHERE user_id = $1 AND source = $2
