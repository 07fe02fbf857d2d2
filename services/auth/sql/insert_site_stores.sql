INSERT INTO site_stores (site_id, position, store_id) VALUES /*rows*/
