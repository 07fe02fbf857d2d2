INSERT INTO tickets (ticket_hash, user_id, session_id, site_id, device_id, expires_at_us)
VALUES /*rows*/
