-- Locks the feed for the rest of the transaction: all changes of rosters come one after the other,
-- so that positions are contiguous and are committed in their order.
UPDATE counters SET value = value WHERE name = 'roster_position' RETURNING value
