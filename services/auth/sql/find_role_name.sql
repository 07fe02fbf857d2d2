SELECT 1 FROM roles WHERE name_folded = $1 AND role_id <> $2
