DELETE FROM policy_values WHERE level = $1 AND scope_id = $2
