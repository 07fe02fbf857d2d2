DELETE FROM user_roles WHERE source = $1 RETURNING user_id
