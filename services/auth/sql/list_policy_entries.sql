-- $1: only of this level, $2: only of this scope, unless empty
SELECT key, level, scope_id, value, updated_by, updated_at_us FROM policy_values
WHERE ($1 = '' OR level = $1) AND ($2 = '' OR scope_id = $2)
ORDER BY level, scope_id, key
