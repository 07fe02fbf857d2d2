SELECT c.first_available_seq
FROM members AS p
JOIN conversations AS c ON c.conversation_id = p.conversation_id
WHERE p.conversation_id = $2 AND p.user_id = $1
