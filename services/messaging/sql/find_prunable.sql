SELECT max(seq)
FROM (SELECT m.seq, m.created_at_us
      FROM conversations AS c
      JOIN messages AS m ON m.conversation_id = c.conversation_id AND m.seq <= c.retained_seq
      WHERE c.conversation_id = $1
      ORDER BY m.seq
      LIMIT $3) AS oldest
WHERE created_at_us < $2
