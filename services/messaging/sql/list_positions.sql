SELECT user_id, first_seq, last_seq FROM mailboxes WHERE user_id IN (/*list*/)
