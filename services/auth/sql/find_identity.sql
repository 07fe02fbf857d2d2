SELECT user_id FROM identities WHERE store_id = $1 AND external_id = $2
