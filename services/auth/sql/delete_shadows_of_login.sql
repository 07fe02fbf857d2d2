DELETE FROM shadow_verifiers WHERE store_id = $1 AND login_folded = $2
