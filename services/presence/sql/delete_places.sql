DELETE FROM places WHERE node_id = $1 AND epoch = $2 AND connection_id IN (/*list*/)
RETURNING connection_id, user_id
