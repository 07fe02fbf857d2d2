SELECT count(*) FROM group_members WHERE group_id = $1 AND user_id <> $2 AND role = $3
