-- Gives each mailbox its next numbers and locks it until the commit, so that numbers appear in the
-- order in which they were given. Rows come sorted by user: every replica locks in that order.
INSERT INTO mailboxes (user_id, first_seq, last_seq, acknowledged_seq)
VALUES /*rows*/
ON CONFLICT (user_id) DO UPDATE SET last_seq = mailboxes.last_seq + excluded.last_seq
RETURNING user_id, last_seq
