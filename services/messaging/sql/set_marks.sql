-- Replicas may work on the same; marks only move forward.
INSERT INTO ages (site_id, kind, created_at_us, conversation_id, seq)
VALUES /*rows*/
ON CONFLICT (site_id, kind) DO UPDATE
SET created_at_us = excluded.created_at_us,
    conversation_id = excluded.conversation_id,
    seq = excluded.seq
WHERE (excluded.created_at_us, excluded.conversation_id, excluded.seq)
    > (ages.created_at_us, ages.conversation_id, ages.seq)
