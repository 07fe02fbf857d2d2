SELECT 1 FROM group_members own JOIN group_members other ON other.group_id = own.group_id
WHERE own.user_id = $1 AND other.user_id = $2 AND own.role <> 'requested' AND other.role <> 'requested'
LIMIT 1
