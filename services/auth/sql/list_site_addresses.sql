SELECT site_id, listener, host, path_prefix FROM site_addresses ORDER BY site_id, position
