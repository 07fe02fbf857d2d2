SELECT p.conversation_id, p.user_id, p.read_seq, p.shown_read_seq, p.delivered_seq
FROM (VALUES /*rows*/) AS v
JOIN members AS p ON p.conversation_id = v.column1 AND p.user_id = v.column2
