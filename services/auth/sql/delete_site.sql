DELETE FROM sites WHERE site_id = $1
