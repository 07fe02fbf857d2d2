DELETE FROM site_addresses WHERE site_id = $1
