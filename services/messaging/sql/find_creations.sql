SELECT c.conversation_id, c.creator_id, c.creation_key, c.creation_fingerprint
FROM (VALUES /*rows*/) AS v
JOIN conversations AS c ON c.creator_id = v.column1 AND c.creation_key = v.column2
