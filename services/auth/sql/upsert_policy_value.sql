INSERT INTO policy_values (key, level, scope_id, value, updated_by, updated_at_us)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (key, level, scope_id) DO UPDATE SET value = excluded.value,
    updated_by = excluded.updated_by, updated_at_us = excluded.updated_at_us
