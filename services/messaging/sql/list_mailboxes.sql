SELECT user_id, first_seq, last_seq
FROM mailboxes
WHERE user_id > $1
ORDER BY user_id
LIMIT $2
