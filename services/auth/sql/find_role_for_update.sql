SELECT role_id, name, is_builtin, 0 AS holder_count FROM roles WHERE role_id = $1 /*for update*/
