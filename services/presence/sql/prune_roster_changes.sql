DELETE FROM roster_changes WHERE updated_at_us < $1
