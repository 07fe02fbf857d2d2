SELECT role_id FROM roles WHERE is_builtin AND name_folded = $1
