INSERT INTO user_roles (user_id, role_id, source, granted_at_us)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
