SELECT min(revision) AS revision FROM changes
