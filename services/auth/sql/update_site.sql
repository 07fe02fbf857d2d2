UPDATE sites SET name = $2, links = $3, updated_at_us = $4 WHERE site_id = $1
