-- How far each conversation got with what a device has acknowledged. Kind 1: somebody else's new
-- message.
SELECT e.user_id, e.conversation_id, max(e.message_seq) AS message_seq
FROM (VALUES /*rows*/) AS v
JOIN mailboxes AS b ON b.user_id = v.column1
JOIN mailbox_entries AS e
    ON e.user_id = v.column1 AND e.seq > b.acknowledged_seq AND e.seq > v.column2
       AND e.seq <= v.column3
WHERE e.kind = 1
GROUP BY e.user_id, e.conversation_id
