DELETE FROM identities WHERE store_id = $1
