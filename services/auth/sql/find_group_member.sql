SELECT user_id, role, created_at_us FROM group_members WHERE group_id = $1 AND user_id = $2
