SELECT user_id, group_id FROM group_members WHERE user_id IN (/*list*/) AND role <> 'requested'
