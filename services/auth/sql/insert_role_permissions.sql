INSERT INTO role_permissions (role_id, permission) VALUES /*rows*/ ON CONFLICT DO NOTHING
