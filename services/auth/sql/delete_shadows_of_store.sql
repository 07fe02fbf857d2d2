DELETE FROM shadow_verifiers WHERE store_id = $1
