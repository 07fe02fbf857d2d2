INSERT INTO conversations (
    conversation_id, kind, pair_key, creator_id, creation_key, creation_fingerprint, title, site_id,
    last_seq, first_available_seq, roll_revision, member_count, is_advance_pending, created_at_us,
    active_at_us
) VALUES /*rows*/
