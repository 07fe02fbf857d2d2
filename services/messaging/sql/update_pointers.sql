UPDATE members
SET read_seq = v.column3, shown_read_seq = v.column4, delivered_seq = v.column5
FROM (VALUES /*rows*/) AS v
WHERE members.conversation_id = v.column1 AND members.user_id = v.column2
