SELECT p.user_id, p.password_hash, p.changed_at_us, p.is_change_required FROM local_passwords p WHERE p.user_id = $1
