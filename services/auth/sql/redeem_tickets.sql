-- Whoever deletes the row has the ticket.
DELETE FROM tickets WHERE ticket_hash IN (/*list*/)
RETURNING ticket_hash, user_id, session_id, site_id, device_id, expires_at_us
