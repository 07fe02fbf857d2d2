SELECT role_id, name, is_builtin,
    (SELECT count(DISTINCT h.user_id) FROM user_roles h WHERE h.role_id = roles.role_id) AS holder_count
FROM roles ORDER BY name_folded
