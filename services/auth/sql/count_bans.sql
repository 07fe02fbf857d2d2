SELECT count(*) FROM bans
