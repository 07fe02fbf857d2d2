INSERT INTO local_passwords (user_id, password_hash, changed_at_us, is_change_required)
VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash,
    changed_at_us = excluded.changed_at_us, is_change_required = excluded.is_change_required
