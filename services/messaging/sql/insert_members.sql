INSERT INTO members (
    conversation_id, user_id, is_owner, read_seq, shown_read_seq, delivered_seq, joined_at_us,
    active_at_us
) VALUES /*rows*/
