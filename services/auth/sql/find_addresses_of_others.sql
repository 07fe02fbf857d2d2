SELECT site_id, listener, host, path_prefix FROM site_addresses WHERE site_id <> $1
