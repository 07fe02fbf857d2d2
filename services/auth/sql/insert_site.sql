INSERT INTO sites (site_id, name, links, created_at_us, updated_at_us)
VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING
