SELECT c.conversation_id, c.kind, c.pair_key, c.title, c.site_id, c.last_seq, c.first_available_seq,
       c.roll_revision, c.member_count, c.is_advance_pending, c.created_at_us,
       c.active_at_us
FROM conversations AS c
WHERE c.conversation_id IN (/*list*/)
ORDER BY c.conversation_id
/*for update*/
