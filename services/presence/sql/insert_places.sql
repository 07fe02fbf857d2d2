INSERT INTO places
    (connection_id, node_id, epoch, user_id, session_id, site_id, opened_at_us, kept_until_us)
VALUES /*rows*/
ON CONFLICT (connection_id) DO UPDATE SET
    node_id = excluded.node_id, epoch = excluded.epoch, user_id = excluded.user_id,
    session_id = excluded.session_id, site_id = excluded.site_id,
    opened_at_us = excluded.opened_at_us, kept_until_us = 0
