UPDATE members
SET is_owner = TRUE
FROM (VALUES /*rows*/) AS v
WHERE members.conversation_id = v.column1 AND members.user_id = v.column2
