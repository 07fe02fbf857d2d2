INSERT INTO site_counters (site_id, admission_count) VALUES /*rows*/ ON CONFLICT (site_id) DO NOTHING
