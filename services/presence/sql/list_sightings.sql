SELECT user_id, site_id, last_seen_at_us FROM sightings WHERE user_id IN (/*list*/)
