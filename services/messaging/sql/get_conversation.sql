SELECT c.conversation_id, c.kind, c.pair_key, c.title, c.site_id, c.last_seq, c.first_available_seq,
       c.roll_revision, c.member_count, c.is_advance_pending, c.created_at_us,
       c.active_at_us,
       p.is_owner, p.read_seq, p.shown_read_seq, p.delivered_seq, p.active_at_us AS listed_at_us
FROM members AS p
JOIN conversations AS c ON c.conversation_id = p.conversation_id
WHERE p.conversation_id = $2 AND p.user_id = $1
