SELECT p.user_id, p.password_hash, p.changed_at_us, p.is_change_required FROM users u JOIN local_passwords p ON p.user_id = u.user_id
WHERE u.username_folded = $1
