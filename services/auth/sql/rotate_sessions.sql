-- Each row: session, hash of the token sent, hash of the next one, client address, now, end.
-- Nobody else has used the token meanwhile, or its session is not returned.
UPDATE sessions SET refresh_hash = v.column3, client_address = v.column4, last_seen_at_us = v.column5,
    expires_at_us = v.column6
FROM (VALUES /*rows*/) AS v
WHERE sessions.session_id = v.column1 AND sessions.refresh_hash = v.column2
RETURNING sessions.session_id
