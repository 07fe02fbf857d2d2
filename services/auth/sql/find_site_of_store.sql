SELECT site_id FROM site_stores WHERE store_id = $1 ORDER BY site_id LIMIT 1
