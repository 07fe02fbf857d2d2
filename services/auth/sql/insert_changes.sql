INSERT INTO changes (revision, kind, ref, user_id, created_at_us) VALUES /*rows*/
