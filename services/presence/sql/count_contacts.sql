-- Requests count, so that a roster cannot be outgrown by asking many people at once.
SELECT owner_id, count(*) AS contact_count FROM contacts
WHERE owner_id IN ($1, $2) AND link IN (1, 3)
GROUP BY owner_id
