DELETE FROM identity_stores WHERE store_id = $1
