SELECT revision, kind, ref, user_id FROM changes WHERE revision > $1 ORDER BY revision LIMIT $2
