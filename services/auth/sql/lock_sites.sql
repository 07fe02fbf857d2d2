-- Whoever gives addresses to a site does it alone, so that no two get the same one.
UPDATE sites SET site_id = site_id
