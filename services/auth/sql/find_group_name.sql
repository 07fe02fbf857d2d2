SELECT 1 FROM groups WHERE name_folded = $1 AND group_id <> $2
