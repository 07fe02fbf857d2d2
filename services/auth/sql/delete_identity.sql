DELETE FROM identities WHERE store_id = $1 AND external_id = $2 AND user_id = $3
