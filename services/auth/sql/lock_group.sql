-- Members come and go one at a time, so that there is always a manager.
UPDATE groups SET group_id = group_id WHERE group_id = $1
