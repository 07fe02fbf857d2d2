SELECT site_id, store_id FROM site_stores ORDER BY site_id, position
