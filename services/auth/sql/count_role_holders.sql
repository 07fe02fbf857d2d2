SELECT count(DISTINCT r.user_id) FROM user_roles r JOIN users u ON u.user_id = r.user_id
WHERE r.role_id = $1 AND u.state = 'active'
