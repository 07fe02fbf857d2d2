-- The same password with new parameters; not if it was changed meanwhile.
UPDATE local_passwords SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2
