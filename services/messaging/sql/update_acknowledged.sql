UPDATE mailboxes
SET acknowledged_seq = v.column2
FROM (VALUES /*rows*/) AS v
WHERE mailboxes.user_id = v.column1 AND mailboxes.acknowledged_seq < v.column2
