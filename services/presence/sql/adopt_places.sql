-- The clients of a node that drained and came back are still on their way.
UPDATE places SET epoch = $2 WHERE node_id = $1 AND kept_until_us > $3
