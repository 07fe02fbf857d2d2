UPDATE mailboxes SET first_seq = $2 WHERE user_id = $1 AND first_seq < $2
