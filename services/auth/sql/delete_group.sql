DELETE FROM groups WHERE group_id = $1
