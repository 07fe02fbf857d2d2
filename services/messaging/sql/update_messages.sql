UPDATE messages
SET text = v.column3, revision = v.column4, removal = v.column5, reactions = v.column6,
    edited_at_us = v.column7
FROM (VALUES /*rows*/) AS v
WHERE messages.conversation_id = v.column1 AND messages.seq = v.column2
