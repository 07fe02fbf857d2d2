DELETE FROM mailbox_entries WHERE user_id = $1 AND seq < $2
