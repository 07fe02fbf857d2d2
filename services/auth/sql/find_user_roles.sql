SELECT DISTINCT user_id, role_id FROM user_roles WHERE user_id IN (/*list*/)
