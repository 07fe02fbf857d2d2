-- The two of each conversation who have read furthest: whether anybody but the sender has read a
-- message is known from them.
SELECT r.conversation_id, r.user_id, r.read_seq, r.shown_read_seq, r.delivered_seq
FROM (SELECT p.conversation_id, p.user_id, p.read_seq, p.shown_read_seq, p.delivered_seq,
             row_number() OVER (PARTITION BY p.conversation_id ORDER BY p.read_seq DESC) AS place
      FROM members AS p
      WHERE p.conversation_id IN (/*list*/)) AS r
WHERE r.place <= 2
