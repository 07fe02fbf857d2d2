SELECT DISTINCT user_id, store_id FROM identities WHERE user_id IN (/*list*/) ORDER BY store_id
