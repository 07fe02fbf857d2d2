UPDATE instance SET roster_position = $1 WHERE id = 1
