INSERT INTO mailbox_entries (user_id, seq, kind, conversation_id, message_seq, payload)
VALUES /*rows*/
