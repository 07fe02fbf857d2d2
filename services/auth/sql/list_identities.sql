SELECT store_id, external_id, login, created_at_us, last_login_at_us FROM identities
WHERE user_id = $1 ORDER BY created_at_us, store_id, external_id
