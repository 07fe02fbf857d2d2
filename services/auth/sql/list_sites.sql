SELECT site_id, name, links FROM sites ORDER BY site_id
