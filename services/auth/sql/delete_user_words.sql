DELETE FROM user_words WHERE user_id = $1
