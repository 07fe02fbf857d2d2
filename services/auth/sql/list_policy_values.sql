SELECT key, level, scope_id, value FROM policy_values
