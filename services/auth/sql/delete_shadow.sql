DELETE FROM shadow_verifiers WHERE store_id = $1 AND external_id = $2
