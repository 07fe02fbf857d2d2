-- The password is changed: the session may do everything again.
UPDATE sessions SET is_password_only = FALSE WHERE session_id = $1
