UPDATE roles SET name = $2, name_folded = $3 WHERE role_id = $1
