INSERT INTO groups (group_id, name, name_folded, kind, description, created_by, created_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
