DELETE FROM shadow_verifiers WHERE expires_at_us <= $1
