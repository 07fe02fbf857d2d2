DELETE FROM site_stores WHERE site_id = $1
