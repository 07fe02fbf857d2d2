SELECT store_id, kind, name, preset, settings, terms, secret_names, secrets, is_enabled, version, created_at_us, updated_at_us FROM identity_stores ORDER BY store_id
