-- Also what an identity store granted: it may grant it again, but until then nobody has it.
DELETE FROM user_roles WHERE user_id = $1 AND role_id = $2
