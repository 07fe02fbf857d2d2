UPDATE places SET kept_until_us = $3
WHERE node_id = $1 AND epoch = $2 AND kept_until_us = 0 AND connection_id IN (/*list*/)
RETURNING connection_id, user_id
