SELECT group_id, name, name_folded, kind, description, created_at_us,
    (SELECT count(*) FROM group_members c WHERE c.group_id = groups.group_id AND c.role <> 'requested') AS member_count
FROM groups WHERE group_id = $1
