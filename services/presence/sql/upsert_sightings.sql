INSERT INTO sightings (user_id, site_id, last_seen_at_us) VALUES /*rows*/
ON CONFLICT (user_id) DO UPDATE SET last_seen_at_us = excluded.last_seen_at_us
WHERE sightings.last_seen_at_us < excluded.last_seen_at_us
