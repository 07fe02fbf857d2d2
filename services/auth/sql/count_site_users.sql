SELECT count(*) FROM users WHERE site_id = $1 AND state <> 'deactivated'
