DELETE FROM places WHERE node_id = $1 AND epoch <= $2
