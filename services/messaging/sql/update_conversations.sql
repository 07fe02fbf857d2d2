UPDATE conversations
SET title = v.column2,
    last_seq = v.column3,
    roll_revision = v.column4,
    member_count = v.column5,
    is_advance_pending = v.column6,
    active_at_us = v.column7
FROM (VALUES /*rows*/) AS v
WHERE conversations.conversation_id = v.column1
