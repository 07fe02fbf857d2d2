SELECT g.group_id, g.name, other.user_id FROM group_members own
JOIN groups g ON g.group_id = own.group_id
JOIN group_members other ON other.group_id = own.group_id
WHERE own.user_id = $1 AND own.role <> 'requested' AND other.role <> 'requested'
ORDER BY g.name_folded, other.user_id LIMIT $2
