UPDATE conversations
SET title = v.column2,
    last_seq = v.column3,
    examined_seq = v.column4,
    retained_seq = v.column5,
    roll_revision = v.column6,
    member_count = v.column7,
    is_advance_pending = v.column8,
    active_at_us = v.column9
FROM (VALUES /*rows*/) AS v
WHERE conversations.conversation_id = v.column1
