INSERT INTO claims (user_id, revision, state, reason, expires_at_us, is_last_seen_hidden)
VALUES /*rows*/
ON CONFLICT (user_id) DO UPDATE SET
    revision = excluded.revision, state = excluded.state, reason = excluded.reason,
    expires_at_us = excluded.expires_at_us, is_last_seen_hidden = excluded.is_last_seen_hidden
WHERE claims.revision < excluded.revision
