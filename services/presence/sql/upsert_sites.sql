INSERT INTO sightings (user_id, site_id, last_seen_at_us) VALUES /*rows*/
ON CONFLICT (user_id) DO UPDATE SET site_id = excluded.site_id
WHERE sightings.site_id <> excluded.site_id
