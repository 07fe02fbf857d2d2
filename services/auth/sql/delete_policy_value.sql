DELETE FROM policy_values WHERE key = $1 AND level = $2 AND scope_id = $3
