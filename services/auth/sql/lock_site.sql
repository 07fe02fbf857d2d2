-- Whoever counts a site's accounts does it alone.
UPDATE sites SET site_id = site_id WHERE site_id = $1
