-- CROSS JOIN: SQLite then looks each key up, where it might walk through all that were ever used.
SELECT c.conversation_id, c.creator_id, c.creation_key, c.creation_fingerprint
FROM (VALUES /*rows*/) AS v
CROSS JOIN conversations AS c
WHERE c.creator_id = v.column1 AND c.creation_key = v.column2
