DELETE FROM places WHERE kept_until_us > 0 AND kept_until_us <= $1
