-- The lock under which places of a site are counted and given.
UPDATE site_counters SET admission_count = admission_count + 1 WHERE site_id = $1
