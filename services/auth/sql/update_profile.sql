UPDATE users SET display_name = $2, about = $3, locale = $4, time_zone = $5, email = $6, hierarchy_level = $7
WHERE user_id = $1
