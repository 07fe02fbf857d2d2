INSERT INTO audit_entries (seq, created_at_us, actor_id, action, target, site_id, client_address, detail, hash)
VALUES /*rows*/
