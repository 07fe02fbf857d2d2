INSERT INTO site_addresses (site_id, position, listener, host, path_prefix) VALUES /*rows*/
