INSERT INTO messages (
    conversation_id, seq, message_id, sender_id, client_key, fingerprint, text, reply_to_seq,
    revision, removal, reactions, created_at_us, edited_at_us, site_id
) VALUES /*rows*/
