DELETE FROM bans WHERE expires_at_us <= $1
