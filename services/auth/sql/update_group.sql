UPDATE groups SET name = $2, name_folded = $3, kind = $4, description = $5 WHERE group_id = $1
