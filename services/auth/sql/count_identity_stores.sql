SELECT COUNT(*) FROM identity_stores
