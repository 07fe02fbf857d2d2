INSERT INTO site_stores (site_id, position, store_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
