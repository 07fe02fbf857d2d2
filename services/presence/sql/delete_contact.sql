DELETE FROM contacts WHERE owner_id = $1 AND peer_id = $2
