-- Somebody whose request is granted belongs to the group from then on.
INSERT INTO group_members (group_id, user_id, role, source, created_at_us)
VALUES ($1, $2, $3, '', $4)
ON CONFLICT (group_id, user_id) DO UPDATE SET role = excluded.role, source = '',
    created_at_us = CASE WHEN group_members.role = 'requested'
        THEN excluded.created_at_us ELSE group_members.created_at_us END
