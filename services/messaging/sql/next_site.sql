SELECT min(site_id) AS site_id FROM messages WHERE site_id > $1
