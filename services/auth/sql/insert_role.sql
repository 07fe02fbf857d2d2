INSERT INTO roles (role_id, name, name_folded, is_builtin, created_at_us)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
