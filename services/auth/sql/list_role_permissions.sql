SELECT role_id, permission FROM role_permissions ORDER BY role_id, permission
