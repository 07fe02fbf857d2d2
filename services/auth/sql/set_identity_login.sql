UPDATE identities SET login = $3, last_login_at_us = $4 WHERE store_id = $1 AND external_id = $2
