DELETE FROM roles WHERE role_id = $1
